/**
 * A process that takes turn after turn and gives each back, until one brings it parcels. Then it prints how many, and
 * neither decides them nor gives the turn back. Argument: place of the log.
 */
import { storeAt } from '../crash/place.ts';

const [place = ''] = process.argv.slice(2);
const store = storeAt(place);
await store.open('main');
const nobody = { sender: 'nobody', number: 0 };
for (let taken = 0; taken === 0;) {
  const { size } = await store.head();
  const news = await store.turns?.take(size, [], nobody);
  taken = news?.parcels.length ?? 0;
  if (taken > 0) process.stdout.write(`${taken}\n`);
  else await store.turns?.leave();
}
