/**
 * The program that an agent calls before it uses a tool.
 *
 * Owns: reading what is asked, writing the answer. Does not own: the answer (tool-hook-forms).
 *
 * Usage: `node tool-hook.js FORM POLICY`; the question is standard input, the answer standard output.
 *
 * Invariant: without an answer the exit code is 2, which agents take for a denial.
 */
import { readFileSync } from 'node:fs';
import { messageOf } from '../../base/error-text.ts';
import { fieldsOf } from './line-fields.ts';
import { parsePolicy } from './tool-guard.ts';
import { HOOK_FORMS, hookAnswer } from './tool-hook-forms.ts';

const [, , named = '', word = ''] = process.argv;
const form = HOOK_FORMS.find((one) => one === named);
const policy = parsePolicy(word);
if (form === undefined || !policy.ok) {
  process.stderr.write('pawl tool hook: it is started by Pawl for the agent of one task; it is not for direct use.\n');
  process.exitCode = 2;
} else {
  try {
    process.stdout.write(hookAnswer(form, policy.value, fieldsOf(JSON.parse(readFileSync(0, 'utf8')))));
  } catch (error) {
    process.stderr.write(`pawl tool hook: ${messageOf(error)}\n`);
    process.exitCode = 2;
  }
}
