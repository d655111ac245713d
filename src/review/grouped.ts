/** Members of a list by what a function names, in the order of their first appearance. */
export function grouped<T>(list: readonly T[], nameOf: (member: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const member of list) {
    const name = nameOf(member)
    const group = groups.get(name) ?? []
    groups.set(name, group)
    group.push(member)
  }
  return groups
}
