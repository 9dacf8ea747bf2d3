"""What the gradient of J is, by three methods that share as little as they can."""
