"""Messenger's system sentences in further languages, without the name and the full stop."""

from __future__ import annotations

_DE = (
    r"ha(?:t|st) die Gruppe (?:verlassen|erstellt|.{1,200} (?:um)?benannt)",
    r"ha(?:t|st) .{1,200} (?:zur Gruppe hinzugefügt|aus der Gruppe entfernt)",
    r"ha(?:t|st) (?:das|die|den) (?:Thema|Chat-Thema|Design|Chat-Design|Farbe|Emoji|Gruppenfoto"
    r"|Gruppenbild|Gruppennamen)(?: (?:auf|zu|in) .{1,160})? geändert",
    r"ha(?:t|st) (?:den|deinen|seinen|ihren) (?:eigenen )?Spitznamen .{0,120}(?:geändert|festgelegt"
    r"|entfernt)",
    r"ha(?:t|st) eine Nachricht (?:angepinnt|fixiert|losgelöst)",
    r"ha(?:t|st) selbstlöschende Nachrichten (?:aktiviert|deaktiviert)",
)
_FR = (
    r"(?:a|avez) (?:quitté|créé) le groupe",
    r"(?:a|avez) ajouté .{1,200} au groupe",
    r"(?:a|avez) (?:retiré|supprimé|exclu) .{1,200} du groupe",
    r"(?:a|avez) (?:nommé|renommé) le groupe .{1,200}",
    r"(?:a|avez) (?:changé|modifié|défini|supprimé) (?:le thème|la photo du groupe|le nom du groupe"
    r"|l['’]emoji|la couleur|(?:le|son|votre|ton) (?:surnom|pseudo))(?: .{1,160})?",
    r"(?:a|avez) (?:épinglé|détaché) un message",
    r"(?:a|avez) (?:activé|désactivé) les messages éphémères",
)
_ES = (
    r"(?:abandonó|dejó|creó) el grupo|salió del grupo",
    r"(?:agregó|añadió) a .{1,200} al grupo",
    r"eliminó a .{1,200} del grupo",
    r"nombró (?:el|al) grupo .{1,200}",
    r"cambió (?:el tema|la foto del grupo|el nombre del grupo|el emoji|el color|(?:el|su|tu) apodo)"
    r"(?: .{1,160})?",
    r"(?:fijó|desfijó) un mensaje",
    r"(?:activó|desactivó) los mensajes (?:temporales|que desaparecen)",
)
_PT = (
    r"(?:saiu d|deixou |criou )o grupo",
    r"adicionou .{1,200} ao grupo",
    r"removeu .{1,200} do grupo",
    r"nomeou o grupo .{1,200}|deu o nome .{1,200} ao grupo",
    r"(?:alterou|mudou|definiu) (?:o tema|a foto do grupo|o nome do grupo|o emoji|a cor|o apelido"
    r"|(?:o )?seu apelido)(?: .{1,160})?",
    r"(?:fixou|desafixou) uma mensagem",
)
_IT = (
    r"hai? (?:abbandonato|lasciato|creato) il gruppo",
    r"hai? aggiunto .{1,200} al gruppo",
    r"hai? rimosso .{1,200} dal gruppo",
    r"hai? chiamato il gruppo .{1,200}",
    r"hai? (?:cambiato|modificato|impostato) (?:il tema|la foto del gruppo|il nome del gruppo"
    r"|l['’]emoji|il colore|il (?:suo |tuo )?soprannome)(?: .{1,160})?",
    r"hai? fissato un messaggio",
)
_NL = (
    r"(?:heeft|hebt) de groep (?:verlaten|gemaakt|.{1,200} genoemd)",
    r"(?:heeft|hebt) .{1,200} (?:toegevoegd aan de groep|aan de groep toegevoegd)",
    r"(?:heeft|hebt) .{1,200} uit de groep verwijderd",
    r"(?:heeft|hebt) (?:het thema|de groepsfoto|de groepsnaam|de emoji|de kleur)"
    r" (?:gewijzigd|veranderd)(?: (?:in|naar) .{1,160})?",
    r"(?:heeft|hebt) (?:de|je|zijn|haar) bijnaam .{0,120}(?:ingesteld|gewijzigd"
    r"|verwijderd)(?: .{1,120})?",
)
_SV = (
    r"(?:lämnade|skapade) gruppen",
    r"lade till .{1,200} i gruppen",
    r"tog bort .{1,200} från gruppen",
    r"döpte gruppen till .{1,200}",
    r"(?:ändrade|bytte) (?:temat|gruppbilden|gruppfotot|gruppnamnet|emojin|färgen)(?: .{1,160})?",
)
_PL = (
    r"(?:opuścił|opuściła|utworzył|utworzyła) grupę",
    r"doda(?:ł|ła) .{1,200} do grupy",
    r"usun(?:ął|ęła) .{1,200} z grupy",
    r"nazwa(?:ł|ła) grupę .{1,200}",
    r"zmieni(?:ł|ła) (?:motyw|zdjęcie grupy|nazwę grupy|emoji|kolor|(?:swój |Twój )?pseudonim)"
    r"(?: .{1,160})?",
)

EMOJI = r"[^\w\s]{1,24}"
# Of the sender alone: people say these of others ("Marie a voté pour Anne.").
OWN_DEEDS = (
    r"ha(?:t|st) (?:eine|die) Umfrage (?:erstellt|beendet)(?:: .{1,200})?",
    r"ha(?:t|st) für .{1,200} (?:ab)?gestimmt",
    r"ha(?:t|st) (?:dich|\S{1,60}) in (?:einer|der|seiner|ihrer|deiner) Story erwähnt",
    r"ha(?:t|st) einen Screenshot (?:gemacht|aufgenommen|erstellt)",
    r"ha(?:t|st) .{0,60}(?:Schnellreaktion|Reaktion) .{0,60}(?:geändert|festgelegt)",
    r"(?:a|avez) (?:créé|clos) (?:un|le) sondage(?: ?: .{1,200})?",
    r"(?:a|avez) voté pour .{1,200}",
    r"(?:vous a|t['’]a) mentionné(?:e|\(e\))? dans (?:une|sa|son) story",
    r"(?:a|avez) (?:pris|fait) une capture d['’]écran",
    r"(?:a|avez) (?:changé|modifié|défini) la réaction rapide .{1,60}",
    r"(?:creó|cerró) (?:una|la) encuesta(?:: .{1,200})?",
    r"votó por .{1,200}",
    r"te mencionó en (?:una|su) historia",
    r"(?:hizo|tomó) una captura de pantalla",
    r"(?:cambió|estableció|configuró) (?:la reacción rápida|(?:el|su|tu) apodo) .{1,160}",
    r"(?:criou|encerrou) (?:uma|a) enquete(?:: .{1,200})?",
    r"votou em .{1,200}",
    r"mencionou você em (?:um|seu) story",
    r"(?:fez|tirou) uma captura de tela",
    r"hai? (?:creato|chiuso) (?:un|il) sondaggio(?:: .{1,200})?",
    r"hai? votato (?:per )?.{1,200}",
    r"ti ha menzionato in una storia|ti ha menzionato nella sua storia",
    r"hai? (?:fatto|acquisito) uno screenshot",
)
OWN_REACTIONS = (
    rf"hat mit {EMOJI} auf deine Nachricht reagiert",
    rf"a réagi (?:avec )?{EMOJI} à (?:votre|ton) message",
    rf"reaccionó (?:con )?{EMOJI} a tu mensaje",
    rf"reagiu (?:com )?{EMOJI} à sua mensagem",
    rf"ha reagito (?:con )?{EMOJI} al tuo messaggio",
)
# Without who did it, as Instagram writes.
_ITS = r"(?: (?:con |com |avec )?[^\w\s]{1,24})?"
WHOLE_SYSTEM = (
    r"Le gustó un mensaje",
    r"Curtiu uma mensagem",
    rf"Hat mit {EMOJI} auf deine Nachricht reagiert",
    rf"A réagi (?:avec )?{EMOJI} à (?:votre|ton) message",
    rf"Reaccionó (?:con )?{EMOJI} a tu mensaje",
    rf"Reagiu (?:com )?{EMOJI} à sua mensagem",
    rf"Ha reagito (?:con )?{EMOJI} al tuo messaggio",
    r"A aimé un message",
    rf"Hat(?: mit {EMOJI})? auf deine (?:Story|Notiz) (?:reagiert|geantwortet)",
    r"Hat dich in (?:einer|der|seiner|ihrer) Story erwähnt",
    r"Gefällt eine Nachricht",
    rf"A (?:répondu|réagi){_ITS} à (?:votre|ta) (?:story|note)",
    r"Vous a mentionné(?:e|\(e\))? dans (?:une|sa) story",
    rf"(?:Respondió|Reaccionó){_ITS} a tu (?:historia|nota)",
    r"Te mencionó en (?:una|su) historia",
    rf"(?:Respondeu|Reagiu){_ITS} (?:ao seu|à sua) (?:story|nota)",
    r"Mencionou você em (?:um|seu) story",
    rf"Ha (?:risposto|reagito){_ITS} alla tua (?:storia|nota)",
    r"Ti ha menzionato (?:in una|nella sua) storia",
)
_SENT = r"photo|video|reel|post|story|GIF|sticker"
WHOLE_MEDIA = (
    r"Hat (?:dir )?eine?n? (?:Foto|Video|Reel|Beitrag|Story|GIF|Sticker|Sprachnachricht|Anhang)"
    r" (?:gesendet|geteilt)",
    rf"A (?:envoyé|partagé) une? (?:{_SENT}|vidéo|publication|message vocal|pièce jointe)",
    rf"(?:Envió|Compartió) una? (?:{_SENT}|foto|historia|publicación|mensaje de voz"
    r"|archivo adjunto)",
    rf"(?:Enviou|Compartilhou) uma? (?:{_SENT}|foto|vídeo|publicação|mensagem de voz"
    r"|anexo|figurinha)",
    rf"Ha (?:inviato|condiviso) una? (?:{_SENT}|foto|storia|messaggio vocale|allegato|adesivo)",
)
# Groups, looks, nicknames, pinned and vanishing messages.
DEEDS = (*_DE, *_FR, *_ES, *_PT, *_IT, *_NL, *_SV, *_PL)
# "Il a quitté le groupe." is somebody talking.
PEOPLE_SAY = {
    "er", "sie", "ich", "wir", "wer", "jemand", "il", "elle", "on", "je", "qui", "quelqu'un", "él",
    "ella", "yo", "quien", "alguien", "ya", "ele", "ela", "eu", "alguém", "já", "quem", "lui",
    "lei", "io", "chi", "qualcuno", "hij", "zij", "ik", "iemand", "han", "hon", "jag", "någon",
    "ona", "ja", "ktoś", "kto", "no", "et", "und", "y", "e", "en", "och", "i",
}  # fmt: skip
HINTS = (
    r"[Gg]ruppe|groupe|grupo|gruppo|groep|grupę|grupy|Nachricht|message|mensaje|mensagem|messaggio"
    r"|Thema|Design|thème|tema|thema|motyw|Farbe|couleur|color|a cor|colore|kleur|färgen|kolor"
    r"|moji|Spitzname|surnom|pseudo|apodo|apelido|soprannome|bijnaam|Umfrage|gestimmt|sondage"
    r"|a voté |avez voté |encuesta|votó por|enquete|votou em|sondaggio|votato|Story|historia|storia"
    r"|tua nota|tu nota|sua nota|deine Notiz|Foto|foto|Video|video|vidéo|vídeo|photo"
    r"|[Rr]eel|Beitrag|publica|Sticker|sticker|GIF|figurinha|Screenshot|screenshot|capture d"
    r"|captura de|eaktion|réaction rapide|reacción rápida"
)
