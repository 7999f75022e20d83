"""Scripts of developers: catalogs and reference pages."""
