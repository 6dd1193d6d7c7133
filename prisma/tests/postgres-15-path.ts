// Where Debian's package postgresql-15 puts its programs; read by vitest.config.ts too, so it imports nothing.
export const POSTGRES_15 = "/usr/lib/postgresql/15/bin";
