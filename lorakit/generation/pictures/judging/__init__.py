"""How good each image of a campaign is: separate scores, each with what it is made of."""
