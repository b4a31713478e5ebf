/**
 * What an agent may be called, in the config and with `--agent`.
 *
 * Owns: that rule and its words. Does not own: which agents there are (model/config, model/turn). Free of zod: the command line's table loads it.
 */

/** A name of at most 64 characters. */
export const AGENT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** What is said of anything else. */
export const AGENT_NAME_RULE =
  'must be a name: letters, digits, ".", "_" or "-", at most 64, the first a letter or digit';

/** The variable of the environment that names the agent of roles for which the config has none. */
export const AGENT_VARIABLE = 'PAWL_AGENT';
