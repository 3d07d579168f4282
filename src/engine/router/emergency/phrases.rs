//! What people write in an emergency, folded, in Spanish, English and Portuguese. See [`super::pattern`] for the signs.

/// Danger to life: these count in every team.
pub(super) const LIFE: &str = "\
no puedo|puede|puedes|logro|logra|consigo|consigue|pudo .. respirar
no esta respirando
no respira|respiro
cuesta .. respirar
cuesta .. respiracion
falta .. aire|respiracion
sin poder respirar
dificultad .. respirar
problemas .. respirar
me ahogo
me|se|nos estoy|esta|estan|estamos .. ahogando
esta|estoy ahogandose|ahogandome
se ahogo|ahoga
siento .. ahogo|ahogando
atragant*
asfixi*
cerro|cierra|cerrando|cerrandose|cerrada|tapo .. garganta
garganta .. cierra|cerro|cerrando|cerrandose|cerrada
cierra|cerro|cerrando .. pecho
shock|choque .. alergico|anafilactico
anafil*
reaccion alergica
me|se desmaye|desmayo|desmayaron
esta|estoy|quedo desmayado|desmayada
desplom*
perdi|perdio|pierde|perder .. conocimiento|conciencia|consciencia
inconsciente
convuls*
infarto|infarta
ataque .. corazon|cardiaco
derrame cerebral
paro cardiaco
no .. siente|siento .. brazo izquierdo
dolor|duele .. pecho .. brazo
sangr* .. mucho|muchisimo|demasiado|bastante|harto|chorros
sangr* .. no para|paro|deja
no para|deja|paro|puedo .. sangr*
mucha|muchisima|demasiada .. sangre
hemorragia
perdiendo .. sangre
envenen*
comio|tomo|trago|bebio|ingirio|lamio .. veneno|raticida|cloro|limpido|lejia|acido|gasolina|thinner|insecticida|detergente|soda
trago|tragado .. pila|moneda|bateria|alfiler|aguja
tome|tomo .. pastillas
sobredosis
electrocut*
paso|dio .. corriente electrica
descarga electrica
fuga|escape .. gas
huele|olor .. gas
sale|saliendo|salida .. gas
se|esta|estan incendi*
hay|tenemos|empezo .. incendio
incendio .. casa|cocina|local|bodega|edificio
se .. prendio|prende|incendio|quema .. fuego|casa|cocina|local|carro|cable|tablero
se esta|estan quemando
prendio .. fuego
en llamas
salieron|salen|saliendo .. llamas
sale|salio|saliendo|echando|bota|botando .. humo|chispas
corto circuito|circuitos
cortocircuito
me quiero|quisiera .. morir|matar
quiero .. morirme|matarme|suicidarme
voy a .. matarme|suicidarme
me voy a .. matar|suicidar
suicid*
quitarme|quitarse|acabar .. vida
no quiero .. vivir|viviendo
no .. ganas de vivir
hacerme dano
cortarme .. venas
esposo|marido|pareja|novio|ex .. golpe*|pego|pega|pegando|amenaz*
me .. golpeando|pegando|maltratando
hombre|tipo|ladron .. armado
secuestr*
nos|me estan robando|asaltando|atracando
hay .. fuego|llamas
hombre|tipo .. con .. pistola|armas|cuchillo|machete
robando .. pistola|armas|cuchillo
una ambulancia
llamen .. ambulancia|bomberos|policia
auxilio
socorro
atropell*
sin frenos
atrapado|atrapada .. ascensor|elevador|carro|maquina|fuego|incendio
can t|not breathe
cant|cannot breathe
not breathing
isn t breathing
trouble|difficulty|hard .. breathe|breathing
short* of breath
allergic reaction
anaphyla*
is|are|am|m|s choking
throat .. closing|closed|swelling
bleeding .. lot|badly|heavily|stop
won t stop bleeding
fainted|fainting
passed out
unconscious
collapsed
seizure*
heart attack
chest pain
gas leak
smell .. gas
there s|is .. fire
on fire
caught fire
smoke coming
smoke .. coming|pouring
electrocut*
electric shock
want to die
kill myself
going to .. kill .. myself
end my life
suicid*
ambulance
swallowed .. battery|coin|bleach|pills|poison
ate|drank|eaten .. poison|bleach
overdos*
he|she|man|someone .. has .. gun|knife
not waking up
nao consigo|consegue|posso|conseguimos .. respirar
falta de ar
garganta .. fechando|fechou
reacao alergica
desmai*
sangr* .. muito|demais
engasg*
engoliu .. pilha|moeda|bateria
vazamento .. gas
cheiro .. gas
pegou|pegando fogo
fumaca .. saindo|tomada
saiu|sai|saindo .. fumaca
curto circuito
choque eletrico
quero .. morrer
me matar
tirar .. vida
nao aguento .. viver
ambulancia
infarto|infartando
comeu|bebeu|tomou .. veneno|alvejante";

/// Harm that needs somebody at once. Machines burn and die too, so the classifier may object.
pub(super) const HARM: &str = "\
hinch* .. cara|labio|labios|ojo|ojos|lengua|parpado|parpados|rostro|cuello|garganta|boca
cara|labio|labios|ojo|ojos|lengua|parpado|parpados|rostro|cuello|boca .. hinch*
inflam* .. cara|labio|labios|ojo|ojos|lengua|parpado|rostro|cuello|garganta
cara|labio|labios|ojo|ojos|lengua|parpado|rostro .. inflamo|inflamada|inflamado|inflamaron
explot*
se .. muere|muriendo
hay .. humo
smoke in|everywhere
tem .. fumaca
con .. pistola|cuchillo|machete
ronchas .. cuerpo|cara
salpullido|sarpullido|brote|urticaria .. cuerpo|cara
lleno|llena .. ronchas
me|nos queme|quemaron|quemo
quemaduras con|horribles
ampollas .. horribles|piel|cara
tengo|lleno|llena .. ampollas
herida|puntos .. abrio|abrieron|pus|infect*
abrio|abrieron .. herida|puntos
sale|bota|botando|tiene|tengo .. pus
fiebre .. 39|40|<2>|alta|altisima
no veo
perdi .. vision|vista
labio|labios|piel .. morado|morada|negro|negra|azul
corte|corto .. mano|dedo|sierra|pulidora|vidrio
cayo|entro|salpico .. ojo|ojos
fallaron|perdi|fallo .. frenos
no paro|paramos|para .. vomitar
vomit* .. sangre
cayo|caido .. escaleras|andamio|techo|piso
no .. mueve|moverse
no siento .. cara|labio|brazo|pierna|lengua
perro|perra|perrita|perrito|gato|gata|gatito|mascota|cachorro .. veneno|convulsion*|vomit*|sangr*
swollen|swelling .. face|lip|lips|eye|eyes|tongue
face|lip|lips|eyes|tongue .. swollen|swelling|swelled
burned|burnt .. badly|hand|face|skin
brakes failed
wound .. open*|pus|infected
inch* .. rosto|labio|olho|olhos|lingua
rosto|labio|olho|olhos|lingua .. inch*
me queimei|queimou
febre .. 39|40|<2>|alta
freio .. falhou
ferida .. abriu|pus";

/// Words that may or may not be an alarm: they need the classifier's word.
pub(super) const DOUBTFUL: &str = "\
emergencia*
urgencia*
urgente
ayuda|ayudenme|ayudeme
fiebre
hinch*
inflam*
alerg*
vomit*
sangr*
quem*
herid*
golpe*
accident*
choque|choco|chocaron
desmay*
morad*
dolor
duele
no reacciona|despierta|responde
humo
fuego
gas
veneno
muere|muriendo|morir
emergency
urgent
help
bleed*
swell*|swollen
hurt*
burn*
fever
accident
dying
emergencia
febre
inch*
machuc*
acidente
ferid*";
