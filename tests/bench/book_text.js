/* A book: chapters of paragraphs of sentences, the same at each call, of at least so many characters. */
import { randomFrom } from '../sim/random.js';

const SUBJECTS = ['The old lamp', 'A grey heron', 'Her brother', 'The night train', 'Nobody in the village', 'The clock above the door',
	'Dr. Amsel', 'An empty boat', 'The second letter', 'Somebody’s dog', 'The baker’s wife', 'What was left of the wall'];
const VERBS = ['waited for', 'had never seen', 'leaned towards', 'remembered', 'would not speak of', 'crossed', 'was painted like',
	'kept the secret of', 'turned away from', 'smelled of', 'counted', 'belonged to'];
const OBJECTS = ['the harbour', 'rain', 'the year 1887', 'a long summer', 'the other side', 'bread and smoke', 'the third bell',
	'no one at all', 'his father’s coat', '3.5 miles of sand', 'the garden', 'an unlit window'];
const TAILS = ['', ', as always', ', and that was all', '; the wind had gone', ' – or so they said', ', e.g. in winter', ' (it was late)', ', although nobody asked'];
const ENDS = ['.', '.', '.', '!', '?', '…'];

export function book(characters) {
	const random = randomFrom(2463534242), paragraphs = [];
	const pick = (list) => list[random(list.length)];
	const sentence = () => `${pick(SUBJECTS)} ${pick(VERBS)} ${pick(OBJECTS)}${pick(TAILS)}${pick(ENDS)}`;
	for (let length = 0; length < characters; length += paragraphs.at(-1).length + 2) {
		const chapter = paragraphs.length / 50 + 1;
		if (Number.isInteger(chapter)) paragraphs.push(`Chapter ${chapter}`);
		else paragraphs.push(Array.from({ length: 5 + random(14) }, sentence).join(' '));
	}
	return paragraphs.join('\n\n');
}
