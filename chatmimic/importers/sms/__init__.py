"""SMS and MMS of Android, as exported by SMS Backup & Restore."""
