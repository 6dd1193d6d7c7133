-- What the file knows of itself: where it was read, up to which transaction, and what each mirrored table holds.
create schema sync;
create table sync.state (
  model varchar not null, source varchar, tx varchar, taken_at varchar, content_hash varchar);
comment on table sync.state is 'One row: the hash of the model (sql/), the database, the position, when its snapshot was taken, and the hash of the content.';
create table sync.tables (name varchar primary key, rows ubigint not null, sum hugeint not null);
comment on table sync.tables is 'Rows of each mirrored table and the sum of their hashes, kept up to date with every change.';
