/**
 * Every operation of the API by its name: its method and its path.
 *
 * Owns: that table. Does not own: what an operation takes and gives (daemon/api/operations). Free of zod: every client loads it.
 */

/** `[method, path]`; `{name}` is a parameter of the path. */
export const PATHS = {
  getApi: ['GET', '/api/v1/'],
  listProjects: ['GET', '/api/v1/projects'],
  addProject: ['POST', '/api/v1/projects'],
  getProject: ['GET', '/api/v1/projects/{id}'],
  removeProject: ['DELETE', '/api/v1/projects/{id}'],
  cleanProject: ['POST', '/api/v1/projects/{id}/clean'],
  recoverProject: ['POST', '/api/v1/projects/{id}/recover'],
  listRuns: ['GET', '/api/v1/runs'],
  addRuns: ['POST', '/api/v1/runs'],
  getRun: ['GET', '/api/v1/runs/{id}'],
  listRunEvents: ['GET', '/api/v1/runs/{id}/events'],
  listTasks: ['GET', '/api/v1/runs/{id}/tasks'],
  getOutput: ['GET', '/api/v1/runs/{id}/tasks/{task}/output'],
  getArtifact: ['GET', '/api/v1/runs/{id}/artifacts/{sha256}'],
  commandRun: ['POST', '/api/v1/runs/{id}/commands'],
  getCommand: ['GET', '/api/v1/commands/{key}'],
  followChanges: ['GET', '/api/v1/events'],
  getOpenApiJson: ['GET', '/api/v1/openapi.json'],
  getOpenApiYaml: ['GET', '/api/v1/openapi.yaml'],
  getHealth: ['GET', '/healthz'],
  getReadiness: ['GET', '/readyz'],
  getMetrics: ['GET', '/metrics'],
  shutDown: ['POST', '/shutdown'],
} as const satisfies Readonly<Record<string, readonly ['GET' | 'POST' | 'DELETE', string]>>;

/** The name of an operation. */
export type OperationId = keyof typeof PATHS;
