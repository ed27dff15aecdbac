"""How the starter models and the sample data are made. Nothing that the app imports."""
