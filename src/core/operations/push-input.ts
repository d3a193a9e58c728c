import { isOmlmdError, OmlmdError, quote } from '../errors.ts';
import { checkTitles } from '../oci/title.ts';

/** RFC 6838 §4.2: what a registry or another program would refuse later. */
const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/i;

/** @param doing the verb, for the message */
export function assertMediaTypes(doing: string, types: readonly (string | undefined)[]): void {
  const bad = types.find((type) => type !== undefined && !MEDIA_TYPE.test(type));
  if (bad !== undefined) throw new OmlmdError('usage', `${doing}: ${quote(bad)} is not a media type`);
}

/** What pull would refuse is not pushed; here it is the person's own input that is wrong. */
export function assertTitles(
  doing: string,
  titles: readonly string[],
  allowHidden: readonly string[] = [],
): void {
  try {
    checkTitles(titles, { allowHidden });
  } catch (error) {
    if (!isOmlmdError(error)) throw error;
    throw new OmlmdError('usage', `${doing}: ${error.message}`, { cause: error });
  }
}
