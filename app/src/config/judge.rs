//! Everything that is wrong with a configuration, found without starting anything: by the rules of the modules, and by a
//! look at the files it names. What `mainstay up` refuses and what `mainstay config check` reports is one list.

use std::collections::BTreeMap;

use mainstay_backends::notify::HttpOutgoing;
use mainstay_providers::Outgoing;
use mainstay_slo::delivery::declared;

use super::{
    Loaded,
    finding::{Finding, Invalid, Severity, Wrong},
    settings::http_url,
};

impl Loaded {
    /// Everything that is wrong, or probably so, the gravest first.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut add = |severity: Severity, wrong: Vec<Wrong>| {
            findings.extend(wrong.into_iter().map(|wrong| Finding {
                severity,
                from: self.sources.place(&wrong.key),
                key: wrong.key,
                message: wrong.message,
            }));
        };
        add(Severity::Refused, self.refused());
        add(Severity::LeftOut, self.left_out());
        add(Severity::Warning, self.unknown.clone());
        add(Severity::Warning, self.doubtful());
        findings
    }

    /// What keeps Mainstay from starting.
    fn refused(&self) -> Vec<Wrong> {
        let config = &self.config;
        let mut all = Vec::new();
        if !config.listen.ip().is_loopback() {
            let message = format!(
                "is {}, which others on the network could reach and listen to, because there is no TLS yet. \
                 Listen on 127.0.0.1 or [::1], and reach it from elsewhere through an SSH tunnel",
                config.listen
            );
            all.push(Wrong::new("listen", message));
        }
        if config.data_dir.exists() && !config.data_dir.is_dir() {
            let message = format!(
                "is {}, which is a file; name a folder, with --data or in the configuration",
                config.data_dir.display()
            );
            all.push(Wrong::new("data_dir", message));
        }
        all.extend(wrong(config.roles()));
        all.extend(wrong(config.telemetry()));
        all.extend(wrong(config.database()));
        all.extend(wrong(config.watch()));
        all.extend(wrong(config.slo()));
        all.extend(wrong(config.backup()));
        match config.outgoing() {
            Err(Invalid(wrong)) => all.extend(wrong),
            Ok(outgoing) => match HttpOutgoing::new(&outgoing) {
                Err(error) => all.push(Wrong::new("egress", error)),
                Ok(outgoing) => {
                    all.extend(self.blocked_heartbeat(&outgoing));
                    all.extend(self.unusable_webhooks(&outgoing));
                }
            },
        }
        all
    }

    fn blocked_heartbeat(&self, outgoing: &dyn Outgoing) -> Option<Wrong> {
        let url = http_url(self.config.heartbeat.url.as_ref()?).ok()?;
        let blocked = outgoing.check(&url).err()?;
        Some(Wrong::new("heartbeat.url", format_args!("cannot be called: {blocked}")))
    }

    fn unusable_webhooks(&self, outgoing: &dyn Outgoing) -> Vec<Wrong> {
        let mut all = Vec::new();
        let mut names = BTreeMap::new();
        for (index, declaration) in self.config.declared_webhooks().iter().enumerate() {
            for error in declared::judge(declaration, outgoing) {
                let key = format!("webhook[{index}].{}", error.field);
                all.push(Wrong::new(key, format_args!("cannot be used: {}", error.message)));
            }
            if let Some(first) = names.insert(declaration.name.clone(), index) {
                let message = format!("is the name of webhook[{first}] too; give each its own");
                all.push(Wrong::new(format!("webhook[{index}].name"), message));
            }
        }
        all
    }

    /// What Mainstay starts without, because something that the configuration names is missing.
    fn left_out(&self) -> Vec<Wrong> {
        let mut all = Vec::new();
        for (index, path) in self.config.catalog.import.iter().enumerate() {
            if let Err(error) = std::fs::metadata(path) {
                let message = format!(
                    "names `{}`, which cannot be read: {error}. Nothing of `catalog.import` is imported until it can. Create \
                     it, or take it out of the list; relative paths are meant from the folder Mainstay is started in",
                    path.display()
                );
                all.push(Wrong::new(format!("catalog.import[{index}]"), message));
            }
        }
        if let Some(folder) = self
            .config
            .watch
            .secrets_folder
            .as_ref()
            .filter(|folder| !folder.is_dir())
        {
            let message = format!(
                "names `{}`, which is no folder that can be read; checks with `value_file` fail until it is there",
                folder.display()
            );
            all.push(Wrong::new("watch.secrets_folder", message));
        }
        for (index, declaration) in self.config.declared_webhooks().iter().enumerate() {
            if let Err(message) = declared::secret_is_usable(declaration) {
                let message = format!("cannot be used: {message}. Nothing is sent to this webhook until it can");
                all.push(Wrong::new(format!("webhook[{index}].secret_file"), message));
            }
        }
        all
    }

    /// What is allowed and most likely not meant.
    fn doubtful(&self) -> Vec<Wrong> {
        let (config, sources) = (&self.config, &self.sources);
        let mut all = Vec::new();
        if config.database.url.is_some() && config.database.url_file.is_some() {
            all.push(Wrong::new(
                "database.url_file",
                "has no effect beside `database.url`; remove one of them",
            ));
        }
        if config.backup.folder.is_none() {
            let given = ["schedule", "time_zone", "keep"].map(|key| format!("backup.{key}"));
            all.extend(
                given
                    .into_iter()
                    .filter(|key| sources.is_given(key))
                    .map(|key| Wrong::new(key, "has no effect without `backup.folder`, so no backups are taken")),
            );
        }
        let interval = config.watch.default_interval_ms;
        for (key, value) in [
            ("watch.default_timeout_ms", config.watch.default_timeout_ms),
            ("watch.retry_ms", config.watch.retry_ms),
        ] {
            if sources.is_given(key) && value > interval {
                let message = format!("is {value} but a check is probed every {interval} ms; {interval} is used");
                all.push(Wrong::new(key, message));
            }
        }
        all
    }
}

fn wrong<T>(part: Result<T, Invalid>) -> Vec<Wrong> {
    match part {
        Ok(_) => Vec::new(),
        Err(Invalid(wrong)) => wrong,
    }
}

#[cfg(test)]
mod tests;
