//! The database: SQLite or PostgreSQL behind one code path.
