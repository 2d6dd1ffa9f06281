/**
 * How a server is reached: a process of its own, started from a list of words and never by a shell, or
 * Streamable HTTP. What a server gets of credentials is in its own part of the configuration; nothing of the
 * gateway's environment is passed on but the few variables that every process needs.
 */
import { createHash } from 'node:crypto';
import { accessSync, constants, createReadStream, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  type ClientOptions,
  StreamableHTTPClientTransport,
  type Transport,
} from '@modelcontextprotocol/client';
import { getDefaultEnvironment, StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { ControlPlaneError, systemClock } from '../../../engine/index.ts';
import {
  type HttpTarget,
  passingLimits,
  type ProcessTarget,
  type ServerConfig,
} from '../config/config.ts';
import { boundedFetch } from './bounded-fetch.ts';

/** A transport that was not started yet, and where a process writes its own messages. */
export interface Reached {
  readonly transport: Transport;
  readonly stderr: Readable | null;
}

/** Throws `input-invalid` where the program is not the one that was pinned, or is not there. */
export async function reach(server: ServerConfig): Promise<Reached> {
  return server.target.kind === 'process'
    ? reachProcess(server.target, server)
    : { transport: reachHttp(server.target, server), stderr: null };
}

/** Why a program could not be started, or undefined where it was something else that failed. */
export function startProblem(failure: unknown, { target }: ServerConfig): string | undefined {
  if (target.kind !== 'process' || !(failure instanceof Error)) return undefined;
  const { code, syscall } = failure as NodeJS.ErrnoException;
  if (syscall === undefined || !syscall.startsWith('spawn')) return undefined;
  const why = code === 'ENOENT' ? 'there is no such program' : String(code);
  // The system says the same of a folder that is not there.
  const where = target.cwd === undefined ? '' : `, or no folder \`${target.cwd}\` to start it in`;
  const elsewhere = code === 'ENOENT' ? where : '';
  return `its program \`${target.command[0]}\` cannot be started: ${why}${elsewhere}`;
}

/**
 * Why a server cannot be started as things are, found without starting it; undefined where it can be, where
 * it is reached by HTTP, or where only the system can tell.
 */
export async function startObstacle(server: ServerConfig): Promise<string | undefined> {
  const { target } = server;
  if (target.kind !== 'process') return undefined;
  const [program] = target.command;
  if (target.sha256 !== undefined) {
    const refusal = await pinned(target, program).catch((failure: unknown) => failure);
    return refusal instanceof Error ? refusal.message : undefined;
  }
  // A search path that is empty, or relative to where it is read from, is the system's to understand.
  if (!program.includes('/') && !pathOf(target).split(delimiter).every(isAbsolute))
    return undefined;
  const isFolder = statSync(target.cwd ?? '.', { throwIfNoEntry: false })?.isDirectory() === true;
  const there = isFolder ? filesOf(target) : [];
  if (there.some(isExecutable)) return undefined;
  const code = there.length === 0 ? 'ENOENT' : 'EACCES';
  return startProblem(Object.assign(new Error(code), { code, syscall: 'spawn' }), server);
}

/**
 * The SDK asks a second process of its own class what it speaks, so as to spend no life of the first on the
 * question. A class of another name is asked itself: each server is started once, and not twice.
 */
class ServerProcess extends StdioClientTransport {}

/** Whether it may not survive the question what it speaks: a process of 2025 may end at it, or go silent. */
export function mayDieAsked({ era, target }: ServerConfig): boolean {
  return era === 'auto' && target.kind === 'process';
}

/** A legacy server may never answer what it does not know: not for ever is waited. */
export function negotiation({
  era,
  startTimeoutMs,
}: Pick<ServerConfig, 'era' | 'startTimeoutMs'>): NonNullable<ClientOptions['versionNegotiation']> {
  if (era === 'legacy') return { mode: 'legacy' };
  if (era === 'modern') return { mode: { pin: '2026-07-28' } };
  return { mode: 'auto', probe: { timeoutMs: Math.min(10_000, startTimeoutMs) } };
}

async function reachProcess(target: ProcessTarget, server: ServerConfig): Promise<Reached> {
  const [program, ...args] = target.command;
  const command = target.sha256 === undefined ? program : await pinned(target, program);
  const transport = new ServerProcess({
    command,
    args,
    env: { ...getDefaultEnvironment(), ...target.env },
    stderr: 'pipe',
    maxBufferSize: server.messageBytesMax,
    ...(target.cwd === undefined ? {} : { cwd: target.cwd }),
  });
  return { transport, stderr: transport.stderr as Readable | null };
}

function reachHttp({ url, headers }: HttpTarget, { messageBytesMax }: ServerConfig): Transport {
  const transport = new StreamableHTTPClientTransport(url, {
    requestInit: { headers: { ...headers } },
    // How soon a stream that ended is asked for again its server says: at once, and nothing else would run.
    reconnectionScheduler: (reconnect, ms) => systemClock.after(reconnectMs(ms), reconnect),
    // As a process that sends more is stopped, there is no more talk with this one.
    fetch: boundedFetch(messageBytesMax, (failure) => {
      transport.onerror?.(failure);
      void transport.close().catch(() => {});
    }),
  });
  return transport;
}

function reconnectMs(said: number): number {
  return Math.max(said, passingLimits.reconnectMsMin);
}

/** The path of the program, once its file is known to be the pinned one. */
async function pinned(target: ProcessTarget, program: string): Promise<string> {
  const [path] = filesOf(target);
  if (path === undefined) throw refused(`there is no program \`${program}\``);
  const digest = createHash('sha256');
  await pipeline(createReadStream(path), digest);
  if (digest.digest('hex') === target.sha256) return path;
  throw refused(`\`${path}\` is not the program that was pinned: its SHA-256 is another`);
}

/** The files that a program's name can mean, in the order in which the system looks for them. */
function filesOf(target: ProcessTarget): readonly string[] {
  const [program] = target.command;
  // Not by the slash alone: an absolute path of Windows may have none.
  if (program.includes('/') || isAbsolute(program))
    return [resolve(target.cwd ?? '.', program)].filter(isFile);
  const folders = pathOf(target).split(delimiter);
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .filter(isFile);
}

/** As the server's process has it. */
function pathOf({ env }: ProcessTarget): string {
  return env['PATH'] ?? getDefaultEnvironment()['PATH'] ?? '';
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function refused(problem: string): ControlPlaneError {
  return new ControlPlaneError('input-invalid', problem, {
    help: 'look at what changed; pin the new one in `sha256` if it is meant',
  });
}
