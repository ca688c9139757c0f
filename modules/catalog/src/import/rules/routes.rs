//! Ingresses that lead nowhere.

use std::collections::BTreeSet;

use super::list;
use crate::import::{codes::Code, content::KubeService, landscape::Landscape, report::Finding};

pub(super) fn check(landscape: &Landscape<'_>, findings: &mut Vec<Finding>) {
    let services: Vec<&KubeService> = landscape
        .current()
        .flat_map(|file| &file.content.kubernetes.services)
        .collect();
    for file in landscape.current() {
        for backend in &file.content.kubernetes.backends {
            let named: Vec<&&KubeService> = services
                .iter()
                .filter(|service| service.name == backend.service && service.namespace == backend.namespace)
                .collect();
            let port = backend.port.clone().unwrap_or_default();
            let finding = |message: String| {
                Finding::new(Code::UnservedRoute, file.place(backend.line), message)
                    .with("service", backend.service.clone())
                    .with("port", port.clone())
            };
            if named.is_empty() {
                // The Service may come from a chart, unless the workload of that name is here without it.
                let workload = landscape
                    .current()
                    .flat_map(|file| {
                        file.content
                            .kubernetes
                            .workloads
                            .iter()
                            .map(move |workload| (file, workload))
                    })
                    .find(|(_, workload)| workload.name == backend.service && workload.namespace == backend.namespace);
                if let Some((holder, workload)) = workload {
                    let message = format!(
                        "The Ingress leads to the Service {}, which does not exist; only a workload of that name does ({}). Add the Service.",
                        backend.service,
                        holder.spot(workload.line),
                    );
                    findings.push(
                        finding(message)
                            .with("workload", holder.spot(workload.line))
                            .also(holder.place(workload.line)),
                    );
                }
                continue;
            }
            let ports = named.iter().flat_map(|service| &service.ports);
            let has_port = ports
                .clone()
                .any(|known| known.number.to_string() == port || known.name.as_ref() == Some(&port));
            if !has_port && !port.is_empty() {
                let opened: BTreeSet<u16> = ports.map(|known| known.number).collect();
                let message = format!(
                    "The Ingress leads to port {port} of the Service {}, which has {}. Correct one of the two.",
                    backend.service,
                    list(&opened),
                );
                findings.push(finding(message).with_list("opened", opened));
            }
        }
    }
}
