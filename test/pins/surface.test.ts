/**
 * What users and stored logs depend on, frozen as literals. A change here is a change of the surface:
 * it belongs into CHANGELOG.md, and a removal or a renaming is a breaking change.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as root from '../../src/index.ts';
import { faultCodes } from '../../src/engine/index.ts';
import { authenticationCodes } from '../../src/identity/authenticator.ts';
import {
  decisionSteps,
  grantableRoles,
  recordKinds,
  rejectionCodes,
} from '../../src/kernel/index.ts';
import { operators } from '../../src/kernel/policy/document.ts';

const folder = join(import.meta.dirname, '..', '..');

function text(path: string): string {
  return readFileSync(join(folder, path), 'utf8');
}

test('root exports: values', () => {
  expect(Object.keys(root).toSorted()).toEqual([
    'ActionRefused',
    'AuthenticationError',
    'ControlPlane',
    'ControlPlaneError',
    'StorageError',
    'callModel',
    'cardText',
    'defineAssetClassifier',
    'defineEvaluator',
    'defineRiskClassifier',
    'guard',
    'memory',
    'modelTool',
    'openControlPlane',
    'replayPolicy',
    'sqlite',
    'verify',
    'withHeadFile',
  ]);
});

test('root exports: every name, types included', () => {
  const source = text('src/index.ts').replaceAll(/\/\*[^]*?\*\//g, '');
  const names = [...source.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, list]) =>
    (list ?? '').split(',').map((name) => name.replace(/^\s*(?:type )?/, '').trim()),
  );
  expect(names.filter((name) => name !== '').toSorted()).toEqual([
    'ActionRefused',
    'AgentDeclaration',
    'AgentOrder',
    'Approval',
    'ApprovalCard',
    'AssetClasses',
    'Authenticated',
    'AuthenticationCode',
    'AuthenticationError',
    'Authenticator',
    'BudgetAccount',
    'BudgetClosing',
    'BudgetFinding',
    'BudgetLint',
    'BudgetOrder',
    'BudgetPlan',
    'BudgetPlanDocument',
    'BudgetUsage',
    'CallOptions',
    'CallScope',
    'CatalogueDocument',
    'ClassifierDefinition',
    'Clock',
    'ControlPlane',
    'ControlPlaneError',
    'ControlPlaneOptions',
    'Decision',
    'Delegation',
    'Drift',
    'ErasedContents',
    'Evaluator',
    'EvaluatorContext',
    'EvaluatorDefinition',
    'EvaluatorSubject',
    'EvaluatorVerdict',
    'EventQuery',
    'GrantListed',
    'GrantOrder',
    'GrantRevocation',
    'GuardedTool',
    'HandoffOrder',
    'Headroom',
    'HeadroomForecast',
    'HeartbeatOrder',
    'Identity',
    'IdentityAssertion',
    'Ids',
    'IssuedKey',
    'KeyListed',
    'KeyOrder',
    'Keys',
    'KillOrder',
    'KillScope',
    'KillsEngaged',
    'KillsOrder',
    'Lease',
    'LeaseRequest',
    'LogEvent',
    'ModelAnswer',
    'ModelCall',
    'ModelContext',
    'ModelListRequest',
    'ModelListed',
    'Permit',
    'PolicyDocument',
    'PolicyFlip',
    'Principal',
    'ProviderBill',
    'Reader',
    'Recorded',
    'RejectionCode',
    'ReleaseOrder',
    'ReplayOptions',
    'ReplayReport',
    'RiskClass',
    'Screening',
    'Session',
    'SessionOptions',
    'SessionOrder',
    'Settled',
    'ShadowDecision',
    'Storage',
    'StorageError',
    'TicketRecord',
    'TicketRuling',
    'Tool',
    'ToolApproval',
    'ToolContext',
    'ToolDeclaration',
    'ToolDefinitions',
    'Tools',
    'UsageDimension',
    'UsageGroup',
    'UsageQuery',
    'UsageRow',
    'VerifyOptions',
    'VerifyReport',
    'callModel',
    'cardText',
    'defineAssetClassifier',
    'defineEvaluator',
    'defineRiskClassifier',
    'guard',
    'memory',
    'modelTool',
    'openControlPlane',
    'replayPolicy',
    'sqlite',
    'verify',
    'withHeadFile',
  ]);
});

test('package exports: every subpath, and its source', () => {
  const manifest = JSON.parse(text('package.json')) as {
    readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
    readonly bin: Readonly<Record<string, string>>;
    readonly engines: Readonly<Record<string, string>>;
  };
  const targets = Object.entries(manifest.exports).map(([subpath, target]) => [
    subpath,
    typeof target === 'string' ? target : target['default'],
  ]);
  expect(Object.fromEntries(targets)).toEqual({
    '.': './dist/index.js',
    './storage': './dist/storage/storage.js',
    './postgres': './dist/storage/postgres/postgres-storage.js',
    './sqlite': './dist/storage/sqlite/sqlite-storage.js',
    './memory': './dist/storage/memory.js',
    './ai-sdk': './dist/enforce/adapters/ai-sdk.js',
    './mcp': './dist/enforce/mcp/index.js',
    './jwt': './dist/identity/jwt.js',
    './log': './dist/log/index.js',
    './policy': './dist/policy/index.js',
    './notify': './dist/notify/index.js',
    './schema/policy.json': './schema/policy.schema.json',
    './schema/prices.json': './schema/prices.schema.json',
    './prices/starting-catalogue.json': './prices/starting-catalogue.json',
    './testing': './dist/testing/index.js',
    './package.json': './package.json',
  });
  expect(manifest.bin).toEqual({ 'agent-control-plane': 'dist/cli/main.js' });
  expect(manifest.engines).toEqual({ node: '>=22.13' });
  const built = targets.map(([, target]) => target ?? '').filter((path) => path.endsWith('.js'));
  const sources = [...built, `./${manifest.bin['agent-control-plane']}`].map((path) =>
    path.replace('./dist/', 'src/').replace(/\.js$/, '.ts'),
  );
  expect(sources.filter((path) => !existsSync(join(folder, path)))).toEqual([]);
});

test('rejection codes, in order of precedence', () => {
  expect(Object.keys(rejectionCodes)).toEqual([
    'idempotency-mismatch',
    'permission-denied',
    'second-principal-needed',
    'reason-missing',
    'credential-revoked',
    'credential-expired',
    'key-unknown',
    'key-invalid',
    'session-unknown',
    'session-exists',
    'sessions-nested-limit',
    'session-not-active',
    'transition-illegal',
    'lease-held',
    'lease-lost',
    'agent-unknown',
    'agent-disabled',
    'agent-invalid',
    'delegation-invalid',
    'delegation-cycle',
    'delegation-expired',
    'handoff-unknown',
    'handoff-used',
    'handoff-expired',
    'killed',
    'operator-absent',
    'heartbeat-unwanted',
    'latch-not-engaged',
    'tool-unknown',
    'tool-quarantined',
    'tool-changed',
    'delegation-exceeded',
    'agent-not-capable',
    'action-unknown',
    'arguments-invalid',
    'resource-invalid',
    'model-missing',
    'model-unknown',
    'model-downgraded',
    'model-unbounded',
    'prices-invalid',
    'reconciliation-invalid',
    'prices-version-behind',
    'policy-missing',
    'policy-invalid',
    'policy-version-behind',
    'policy-error',
    'policy-denied',
    'model-not-allowed',
    'policy-no-match',
    'policy-steered',
    'output-withheld',
    'steer-retries-exhausted',
    'ticket-unknown',
    'ticket-not-pending',
    'ticket-expired',
    'approved-already',
    'self-approval',
    'grant-invalid',
    'grant-unknown',
    'edit-invalid',
    'call-edited',
    'approval-denied',
    'approval-required',
    'tickets-pending-limit',
    'budget-invalid',
    'budget-unknown',
    'budget-plans-limit',
    'budget-unattributable',
    'budget-frozen',
    'budget-exceeded',
    'amount-out-of-range',
    'permits-open-limit',
    'resource-locked',
    'permit-unknown',
    'permit-not-startable',
    'permit-not-started',
    'permit-not-voidable',
    'permit-expired',
    'not-due',
    'delivery-invalid',
  ]);
});

test('fault codes', () => {
  expect(Object.keys(faultCodes)).toEqual([
    'closed',
    'overloaded',
    'store-unavailable',
    'outcome-unknown',
    'log-inconsistent',
    'internal-error',
    'credential-invalid',
    'principal-not-minted',
    'permit-not-genuine',
    'permit-used',
    'input-invalid',
    'arguments-unrepresentable',
    'tool-ungovernable',
    'outcome-unrecorded',
    'dry-run',
    'model-output-cut',
    'kill-local-only',
  ]);
});

test('codes of storage errors', () => {
  const [, union = ''] =
    /type StorageErrorCode =([^;]*);/.exec(text('src/storage/storage.ts')) ?? [];
  expect([...union.matchAll(/'([a-z-]+)'/g)].map(([, code]) => code)).toEqual([
    'closed',
    'busy',
    'disk-full',
    'read-only',
    'io',
    'corrupt',
    'not-a-control-plane',
    'schema-too-new',
    'unsafe-settings',
    'rolled-back',
    'unavailable',
  ]);
});

test('codes of refused credentials, in order of precedence', () => {
  expect(Object.keys(authenticationCodes)).toEqual([
    'token-too-long',
    'token-malformed',
    'token-extension-refused',
    'token-algorithm-refused',
    'token-type-wrong',
    'keys-unavailable',
    'token-key-unknown',
    'token-signature-invalid',
    'token-issuer-wrong',
    'token-audience-wrong',
    'token-expired',
    'token-not-yet-valid',
    'claims-invalid',
  ]);
});

test('record kinds, steps of a decision, roles and operators', () => {
  expect(recordKinds).toEqual([
    'session',
    'agent',
    'tool',
    'policy',
    'prices',
    'latch',
    'key',
    'proposal',
    'grants',
    'handoff',
    'principal',
    'budget',
    'plans',
    'decision',
    'ticket',
    'binding',
    'command',
    'notifier',
    'lease',
    'lock',
    'heartbeat',
  ]);
  expect(decisionSteps).toEqual([
    'session',
    'kill',
    'tool',
    'model',
    'policy',
    'approval',
    'budget',
    'permit',
  ]);
  expect(grantableRoles).toEqual([
    'agent',
    'operator',
    'approver',
    'auditor',
    'admin',
    'platform-admin',
  ]);
  expect(operators).toEqual([
    'equals',
    'notEquals',
    'lessThan',
    'atMost',
    'moreThan',
    'atLeast',
    'in',
    'notIn',
    'startsWith',
    'endsWith',
    'contains',
    'matches',
    'inside',
    'outside',
    'exists',
  ]);
});
