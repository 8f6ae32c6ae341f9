"""SMS and MMS of Android, by the app SMS Backup & Restore."""
