// Who holds what, as the picture draws it: each replica with its leases in groups, and what nobody holds.
import type { Lease, Replica } from "../api";

export interface Group {
  /** What comes before the slash: `watch/07` belongs to `watch`. */
  name: string;
  role: string;
  leases: Lease[];
}

export interface Picture {
  replicas: { replica: Replica; groups: Group[] }[];
  free: Group[];
  /** Roles without which leases stay free, for ever. */
  missing: string[];
}

export function pictureOf(replicas: Replica[], leases: Lease[]): Picture {
  const here = new Set(replicas.map((replica) => replica.id));
  const free = leases.filter((lease) => !lease.holder || !here.has(lease.holder.id));
  const roles = new Set(replicas.flatMap((replica) => replica.roles));
  return {
    replicas: replicas.map((replica) => ({
      replica,
      groups: groupsOf(leases.filter((lease) => lease.holder?.id === replica.id)),
    })),
    free: groupsOf(free),
    missing: [...new Set(free.map((lease) => lease.role))].filter((role) => !roles.has(role)).sort(),
  };
}

function groupsOf(leases: Lease[]): Group[] {
  const groups = new Map<string, Group>();
  for (const lease of leases) {
    const name = lease.name.split("/")[0] ?? lease.name;
    const group = groups.get(name) ?? { name, role: lease.role, leases: [] };
    group.leases.push(lease);
    groups.set(name, group);
  }
  return [...groups.values()].sort((a, b) => a.name.localeCompare(b.name));
}
