"""What each command means. Configs and names die here: below it are plain arguments, above it are records."""
