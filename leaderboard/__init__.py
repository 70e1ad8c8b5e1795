"""What was found: logged runs or exported records, turned into pages that work from a folder."""
