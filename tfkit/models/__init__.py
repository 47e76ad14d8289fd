"""Models as builders that return a `keras.Model`."""
