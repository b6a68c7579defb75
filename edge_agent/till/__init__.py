"""The use cases of a till: ring up, weigh, show a card, pay. All of them work without a network."""
