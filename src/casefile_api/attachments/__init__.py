"""Files that belong to a case: described here, kept in S3-compatible storage, and never altered."""
