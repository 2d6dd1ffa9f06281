/**
 * Which addresses a webhook may be sent to: those of the public internet. What is private, local, reserved
 * or a translation of another address is refused, so that a name somebody else controls cannot point the
 * host at its own network or at a cloud's metadata service.
 */
import ipaddr from 'ipaddr.js';

/** Ranges that `allowPrivateAddresses` admits; not link-local, where clouds serve credentials. */
const privateRanges: ReadonlySet<string> = new Set([
  'loopback',
  'private',
  'uniqueLocal',
  'carrierGradeNat',
]);

/** Global unicast (RFC 4291, IANA): no range outside of it is routed on the public internet. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');

/** Hosts' services of clouds on addresses that are public, shared or private: Azure, Alibaba, Google. */
const metadataAddresses: ReadonlySet<string> = new Set([
  '168.63.129.16',
  '100.100.100.200',
  'fd20:ce::254',
]);
/** All services that Amazon gives its hosts by IPv6 are here, of credentials too. */
const metadataRange = ipaddr.IPv6.parseCIDR('fd00:ec2::/32');

/**
 * IPv6 with a dotted tail, but for a mapped address: `::1.2.3.4` is read in two ways by different programs.
 */
const dottedTail = /^(?!::ffff:[0-9.]+$).*:.*\./i;

/** Why an address is refused, or undefined where it may be connected to. */
export function addressProblem(address: string, allowPrivate: boolean): string | undefined {
  // Only the four-part form: `127.1` and `0x7f000001` mean different hosts to different programs.
  const isAddress = ipaddr.IPv4.isValidFourPartDecimal(address) || ipaddr.IPv6.isValid(address);
  if (!isAddress || address.includes('%') || dottedTail.test(address)) return 'it is no address';
  const parsed = ipaddr.process(address);
  const range = parsed.range();
  const isMetadata =
    metadataAddresses.has(parsed.toString()) ||
    (parsed.kind() === 'ipv6' && parsed.match(metadataRange));
  if (isMetadata) return 'it is a metadata service';
  if (allowPrivate && privateRanges.has(range)) return undefined;
  if (range !== 'unicast') return `its range is ${range}`;
  if (parsed.kind() === 'ipv6' && !parsed.match(globalUnicast)) return 'it is not global unicast';
  return undefined;
}

/** As `addressProblem`, for what is sent there in the clear: it must not leave the network of the host. */
export function clearTextProblem(address: string): string | undefined {
  const problem = addressProblem(address, true);
  if (problem !== undefined) return problem;
  if (privateRanges.has(ipaddr.process(address).range())) return undefined;
  return 'it is public, and reached by `https:` only';
}
