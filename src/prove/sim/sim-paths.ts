/**
 * Where the registry of a simulated machine is.
 *
 * Owns: that place. Does not own: what lies there (store).
 */
import { RegistryPaths } from '../../store/registry-paths.ts';

/** The places of a simulated machine's registry. */
export const SIM_PATHS = new RegistryPaths('/registry');
