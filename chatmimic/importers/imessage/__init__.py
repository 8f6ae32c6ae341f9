"""iMessage and SMS, as Messages keeps them on a Mac and on an iPhone."""
