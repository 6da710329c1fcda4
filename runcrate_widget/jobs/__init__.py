"""Every job from submit to file."""
