"""What stands between the network and the app. `chain` lists it in order."""
