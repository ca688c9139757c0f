//! The domain of promises, pure: objectives, windows, counts, budgets and burn-rate rules. No I/O, no clock.

mainstay_kernel::typed_id!(
    /// Identifies one SLO.
    SloId
);
