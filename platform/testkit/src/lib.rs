//! Test support: databases of both kinds, a manual clock, a seeded world, real servers on free ports.
