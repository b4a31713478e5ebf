/**
 * Every operation of the API by its name: what the OpenAPI document, the checks of requests and the types of the client are made from.
 *
 * Owns: the collection. Does not own: the operations (api/daemon-operations, api/project-operations, api/run-operations), methods and paths (api/paths).
 */
import { DAEMON_OPERATIONS } from './daemon-operations.ts';
import type { Operation } from './operation.ts';
import type { OperationId } from './paths.ts';
import { PROJECT_OPERATIONS } from './project-operations.ts';
import { RUN_OPERATIONS } from './run-operations.ts';

/** Every operation. */
export const OPERATIONS = {
  ...DAEMON_OPERATIONS,
  ...PROJECT_OPERATIONS,
  ...RUN_OPERATIONS,
} as const satisfies Readonly<Record<OperationId, Operation>>;
