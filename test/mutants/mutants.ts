/**
 * All mutants. The tests named beside a mutant must fail on it; `npm run mutants` checks that they
 * do, so that no promise rests on a test that cannot fail. To add one, add it to the list of its
 * room.
 */
import { approvalMutants } from './approval-mutants.ts';
import { stopMutants } from './stop-mutants.ts';
import { budgetMutants } from './budget-mutants.ts';
import { cliMutants } from './cli-mutants.ts';
import { enforceMutants } from './enforce-mutants.ts';
import { engineMutants } from './engine-mutants.ts';
import { fileMutants } from './file-mutants.ts';
import { gatewayCallMutants } from './gateway-call-mutants.ts';
import { gatewayClientMutants } from './gateway-client-mutants.ts';
import { gatewayCredentialMutants } from './gateway-credential-mutants.ts';
import { gatewayHttpMutants } from './gateway-http-mutants.ts';
import { gatewayMutants } from './gateway-mutants.ts';
import { gatewayTaskMutants } from './gateway-task-mutants.ts';
import { identityMutants } from './identity-mutants.ts';
import { kernelMutants } from './kernel-mutants.ts';
import { leaseMutants } from './lease-mutants.ts';
import { modelMutants } from './model-mutants.ts';
import type { Mutant } from './mutant.ts';
import { notifyMutants } from './notify-mutants.ts';
import { parcelMutants } from './parcel-mutants.ts';
import { policyMutants } from './policy-mutants.ts';
import { policyToolMutants } from './policy-tool-mutants.ts';
import { postgresMutants } from './postgres-mutants.ts';
import { rightsMutants } from './rights-mutants.ts';
import { sessionMutants } from './session-mutants.ts';
import { simulationMutants } from './simulation-mutants.ts';
import { storeMutants } from './store-mutants.ts';

export const mutants: readonly Mutant[] = [
  ...parcelMutants,
  ...policyMutants,
  ...policyToolMutants,
  ...kernelMutants,
  ...budgetMutants,
  ...modelMutants,
  ...enforceMutants,
  ...leaseMutants,
  ...sessionMutants,
  ...engineMutants,
  ...notifyMutants,
  ...storeMutants,
  ...fileMutants,
  ...postgresMutants,
  ...identityMutants,
  ...rightsMutants,
  ...approvalMutants,
  ...stopMutants,
  ...cliMutants,
  ...simulationMutants,
  ...gatewayMutants,
  ...gatewayCallMutants,
  ...gatewayClientMutants,
  ...gatewayHttpMutants,
  ...gatewayCredentialMutants,
  ...gatewayTaskMutants,
];
