CREATE TABLE harbour (id integer PRIMARY KEY, name text NOT NULL);
INSERT INTO harbour VALUES (1, 'north'), (2, 'south');
