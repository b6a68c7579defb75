"""Line displays: two rows of characters towards the customer."""
