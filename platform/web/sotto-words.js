/* sotto-words.js: the words of sotto.js in more languages, in its order. A page that wants others
 * does the same. */
import { words } from './sotto.js';

Object.assign(words, {
  de: 'Für alle gleich|Für Sie gewählt|Für mich wählen …|Warum das?|Nichts für mich|Ausschalten|Mit jemandem sprechen|Mehr dazu|Anzeige, bezahlt von|Von einer Maschine|Von unserem Team|wegen|bei allen beliebt|Es kommt jemand.|Dieser Bildschirm kann gerade nichts wählen.',
  fr: 'Pareil pour tous|Choisi pour vous|Choisir pour moi …|Pourquoi ceci ?|Pas pour moi|Désactiver|Parler à quelqu’un|En savoir plus|Publicité payée par|Fait par une machine|Choisi par notre équipe|à cause de|apprécié de tous|Quelqu’un arrive.|Cet écran ne peut rien choisir.',
  es: 'Igual para todos|Elegido para usted|Elegir para mí …|¿Por qué esto?|No es para mí|Desactivar|Hablar con alguien|Saber más|Anuncio pagado por|Hecho por una máquina|Elegido por el equipo|por|gusta a todos|Alguien viene.|Esta pantalla no puede elegir.',
  ar: 'نفس القائمة للجميع|مختار لك|اختر لي …|لماذا هذا؟|ليس لي|إيقاف|التحدث مع شخص|المزيد|إعلان مدفوع من|من صنع آلة|اختيار فريقنا|بسبب|محبوب لدى الجميع|سيأتي أحدهم.|لا تستطيع هذه الشاشة الاختيار الآن.',
  ja: '全員に同じ|あなた向け|わたし向けに選ぶ …|なぜこれ？|興味なし|オフにする|人と話す|詳しく|広告主：|機械が作成|スタッフ推薦|理由：|人気|係員が参ります。|今は選べません。',
});
