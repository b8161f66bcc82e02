"""A small site with events of its own, to run the realtime frame on real servers without the apps."""
