//! Owners: the component that a file of settings belongs to, by its path.

/// Names that say what a file is, not whose it is.
const GENERIC: [&str; 46] = [
    "values",
    "config",
    "configuration",
    "conf",
    "application",
    "settings",
    "appsettings",
    "deployment",
    "deploy",
    "service",
    "configmap",
    "docker-compose",
    "compose",
    "dockerfile",
    "main",
    "index",
    "env",
    "kustomization",
    "statefulset",
    "manifest",
    "manifests",
    "k8s",
    "kubernetes",
    "helm",
    "charts",
    "chart",
    "templates",
    "resources",
    "src",
    "base",
    "overlays",
    "prod",
    "production",
    "staging",
    "dev",
    "development",
    "etc",
    "properties",
    "bootstrap",
    "default",
    "app",
    "ingress",
    "package",
    "pyproject",
    "cargo",
    "all",
];
/// Ends of names that say the same.
const ENDS: [&str; 14] = [
    "-deployment",
    "-statefulset",
    "-configmap",
    "-config",
    "-service-config",
    "-values",
    "-deploy",
    "_config",
    "_deployment",
    ".deployment",
    ".config",
    "-prod",
    "-env",
    ".service",
];

/// The component by the path of a file: its name, or the nearest folder that is not generic.
pub(super) fn of_path(path: &str) -> String {
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !matches!(*part, "" | "." | ".."))
        .collect();
    for part in parts.iter().rev() {
        let lower = part.trim_start_matches('.').to_ascii_lowercase();
        let stem = lower
            .strip_prefix("dockerfile.")
            .unwrap_or_else(|| lower.split('.').next().unwrap_or_default());
        let stem = without_end(stem);
        if !stem.is_empty() && !GENERIC.contains(&stem) {
            return stem.to_owned();
        }
    }
    parts.last().copied().unwrap_or(path).to_owned()
}

/// A name without an end that says what it is.
pub(super) fn without_end(name: &str) -> &str {
    let stem = ENDS.iter().find_map(|end| name.strip_suffix(end));
    stem.filter(|stem| !stem.is_empty()).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_belongs_to_the_nearest_name_that_says_something() {
        for (path, component) in [
            ("k8s/cart-deployment.yaml", "cart"),
            ("services/cart/config/application.yml", "cart"),
            ("cart.env", "cart"),
            ("cart/.env", "cart"),
            ("cart/Dockerfile", "cart"),
            ("Dockerfile.cart", "cart"),
            ("values.yaml", "values.yaml"),
        ] {
            assert_eq!(of_path(path), component, "{path}");
        }
    }
}
