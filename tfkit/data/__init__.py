"""From files and arrays to `tf.data.Dataset`."""
