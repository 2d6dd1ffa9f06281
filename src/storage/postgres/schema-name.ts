/** The name of the schema that holds the tables. It is also the channel of notifications. */

/** A name that was checked, so that it can stand in SQL. */
export type SchemaName = string & { readonly schemaName: true };

export const defaultSchema = 'agent_control_plane';

/** Shorter than PostgreSQL's 63 bytes; no name that it reserves. */
const pattern = /^[a-z_][a-z0-9_]{0,47}$/;

/** Throws a `TypeError` for a name that would need quoting or is PostgreSQL's own. */
export function schemaName(name: string): SchemaName {
  if (typeof name !== 'string' || !pattern.test(name) || name.startsWith('pg_')) {
    throw new TypeError(
      `schema \`${name}\` is not 1 to 48 lower-case letters, digits and underscores`,
    );
  }
  return name as SchemaName;
}

export function quoted(schema: SchemaName): string {
  return `"${schema}"`;
}

/** Of a function that runs with its owner's rights. */
export const owned = `LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp`;
