"""The API's views, one file per resource: they read the request, call a service or a selector, and shape the answer."""
