/**
 * What zod found wrong, told in one line: where, and what.
 *
 * Owns: the wording of schema issues for users. Does not own: the schemas, the error code.
 */
import type { z } from 'zod';

const ISSUES_SHOWN = 5;

/** The dotted path of a schema issue; `prefix` stands in front of it. */
function dotted(path: readonly PropertyKey[]): string {
  return path.map((part) => String(part)).join('.');
}

/** One line for each of the first issues (`limits.graceMs: must be …`), with unknown keys named, and how many were left out. */
export function issueLines(issues: readonly z.core.$ZodIssue[]): readonly string[] {
  const lines = issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => `${dotted([...issue.path, key])}: is not a known key`);
    }
    return [`${dotted(issue.path) || 'the document'}: ${issue.message}`];
  });
  if (lines.length <= ISSUES_SHOWN) return lines;
  return [...lines.slice(0, ISSUES_SHOWN), `and ${lines.length - ISSUES_SHOWN} more`];
}
