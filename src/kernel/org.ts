/** What stands in place of an org for the whole installation; no org can be called so. */
export const everyOrg = '*';
