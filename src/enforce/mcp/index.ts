/**
 * The gateway's door: a control plane in front of MCP servers, for hosts that run one themselves. Published
 * as `agent-control-plane/mcp`; the command line's `mcp` is made of it.
 */
export type { ClientConnection } from './client/connection.ts';
export type { GatewayConfig, ServerConfig } from './config/config.ts';
export { type Gateway, type GatewayOptions, openGateway } from './gateway.ts';
export type { HttpEndpoint } from './http/endpoint.ts';
export { type PinnedServers, type PinOptions, pinServers } from './tools/pin-servers.ts';
export { type GatewayFile, readGatewayFile } from './config/read-gateway-file.ts';
