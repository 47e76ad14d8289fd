"""Learning-rate schedules that Keras does not ship."""
