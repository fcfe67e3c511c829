/* What to read aloud for a clone: about a minute, in which a voice asks, tells, counts and exclaims. */
const SCRIPTS: Record<string, string[]> = {
	en: [
		'Good morning! I am reading this page in my usual voice, neither slower nor louder than I talk to a friend across the table.',
		'Did you know that the lighthouse at the end of our street was built in 1874? It has 212 steps, a green door, and a view that makes you forget every one of them. On clear days you can see ships from three countries; on foggy ones you only hear their horns, long and low.',
		'My aunt, who kept the light for twenty years, used to say that patience is nothing but curiosity with a good chair. She drank her tea black, fed two grey cats, and wrote down the weather each evening at nine: wind, clouds, and whether anyone had waved.',
		'Last Thursday I climbed up there again. The stairs creaked, the wind was sharp, and just when I wanted to turn back, the sun came out. What a sight! I stayed for an hour, perhaps a little longer, and walked home along the water, quite content.',
	],
	de: [
		'Guten Morgen! Ich lese diese Seite mit meiner gewöhnlichen Stimme vor, nicht langsamer und nicht lauter, als ich am Tisch mit Freunden rede.',
		'Wussten Sie, dass der Leuchtturm am Ende unserer Straße 1874 gebaut wurde? Er hat 212 Stufen, eine grüne Tür und eine Aussicht, über der man jede einzelne vergisst. An klaren Tagen sieht man Schiffe aus drei Ländern; bei Nebel hört man nur ihre Hörner, lang und tief.',
		'Meine Tante, die zwanzig Jahre lang das Licht hütete, sagte gern, Geduld sei nichts als Neugier mit einem guten Stuhl. Sie trank ihren Tee schwarz, fütterte zwei graue Katzen und schrieb jeden Abend um neun das Wetter auf: Wind, Wolken, und ob jemand gewinkt hatte.',
		'Am letzten Donnerstag bin ich wieder hinaufgestiegen. Die Treppe knarrte, der Wind war scharf, und gerade als ich umkehren wollte, kam die Sonne heraus. Was für ein Anblick! Ich blieb eine Stunde, vielleicht etwas länger, und ging recht zufrieden am Wasser entlang nach Hause.',
	],
};

/* The paragraphs in a language such as "de-DE"; null where there are none. */
export function scriptIn(language: string): string[] | null {
	return SCRIPTS[language.toLowerCase().split(/[-_]/)[0] ?? ''] ?? null;
}
