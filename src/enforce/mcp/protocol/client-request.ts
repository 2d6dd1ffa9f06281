/** What a server can ask of a client, through the gateway. */
export interface ClientRequest {
  readonly method: QuestionMethod | TaskMethod;
  readonly params: Readonly<Record<string, unknown>> | undefined;
  /** Fires when whoever asks no longer waits. */
  readonly signal?: AbortSignal | undefined;
}

export type QuestionMethod = 'sampling/createMessage' | 'elicitation/create' | 'roots/list';
/** Of the tasks that the client runs. */
export type TaskMethod = 'tasks/get' | 'tasks/result' | 'tasks/cancel' | 'tasks/list';
