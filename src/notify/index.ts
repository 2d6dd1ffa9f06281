/** Notifiers: webhooks and callbacks for senders, `verifyWebhook` for receivers. */
export {
  callbackNotifier,
  type NotifiableEvent,
  notifiableEvents,
  type Notification,
  type Notifier,
  type NotifierOptions,
  type RetryTerms,
} from './notifier.ts';
export type { WebhookSecret, WebhookSecrets } from './signature.ts';
export {
  type ReceivedHeaders,
  type VerifiedWebhook,
  verifyWebhook,
  type VerifyWebhookOptions,
  type WebhookProblem,
  WebhookRefused,
} from './verify-webhook.ts';
export { webhook, type WebhookOptions } from './webhook.ts';
