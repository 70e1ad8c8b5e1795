"""The site: records are read, put into rows and views, and written as pages."""
