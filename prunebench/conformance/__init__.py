"""Whether a method keeps to its contract, tried on tiny networks of several families in seconds."""
