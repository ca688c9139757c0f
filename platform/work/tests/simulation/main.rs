//! A fleet in simulated time: replicas that crash, are cut off and lose acknowledgements keep their promises.

mod check;
mod fleet;
mod regressions;
mod sabotage;
mod seed;
mod seeds;
