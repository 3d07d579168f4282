-- A search reads all sketches. Beside their vectors they fill megabytes; by themselves they fit into the page cache.
create index product_meaning_by_sketch on product_meaning (sketch) where sketch is not null;
