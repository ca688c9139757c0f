//! One file per backend behind the provider traits; seen only by the app.
