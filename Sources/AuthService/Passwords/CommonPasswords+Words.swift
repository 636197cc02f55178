extension CommonPasswords {
    /// The words, in the order of their bytes, with a space or a line's end between them.
    ///
    /// The 3,000 most frequent passwords of eight characters and more, those of fifteen and more,
    /// and the 700 most frequent words of five to seven letters; without those that hold a
    /// quotation mark, a backslash or a number sign.
    ///
    /// **Source**: `data/passwords.txt` of dropbox/zxcvbn (MIT licence), commit 67c4ece, counted in
    /// the ten million passwords that Mark Burnett gave into the public domain.
    // swift-format-ignore
    static let words: String = #"""
    0.0.0.000 01011900 01011910 01011950 01011960 01011961 01011970 01011971 01011972 01011973
    01011974 01011975 01011976 01011977 01011978 01011979 01011980 01011981 01011982 01011983
    01011984 01011985 01011986 01011987 01011988 01011989 01011990 01011991 01011992 01011993
    01011994 01011995 01011999 01012000 01012001 01012010 01012011 01020304 01021990 01031985
    01031988 01031989 01041985 01041988 01061986 01061990 01071986 01081989 01091987 01091989
    01121986 01121988 0192837465 02011971 02011975 02011980 02011981 02011982 02011983 02011984
    02011985 02011986 02011987 02011988 02011989 02021971 02021973 02021976 02021979 02021981
    02021982 02021983 02021984 02021985 02021986 02021987 02021988 02021989 02021990 02031970
    02031973 02031974 02031975 02031977 02031978 02031979 02031980 02031981 02031982 02031984
    02031985 02031986 02031987 02031988 02031989 02041972 02041973 02041974 02041975 02041976
    02041977 02041978 02041979 02041980 02041981 02041982 02041983 02041984 02041985 02041986
    02041987 02041988 02041989 02051970 02051972 02051973 02051975 02051976 02051977 02051978
    02051980 02051981 02051982 02051983 02051984 02051985 02051986 02051987 02051988 02051989
    02061971 02061972 02061974 02061976 02061977 02061980 02061982 02061983 02061984 02061985
    02061986 02061987 02061988 02061989 02071971 02071975 02071976 02071978 02071979 02071980
    02071981 02071982 02071983 02071984 02071986 02071987 02071988 02071989 02081970 02081973
    02081974 02081976 02081977 02081980 02081982 02081983 02081984 02081985 02081986 02081987
    02081988 02081989 02091971 02091973 02091975 02091976 02091977 02091980 02091981 02091983
    02091984 02091985 02091986 02091987 02091989 02101973 02101976 02101977 02101979 02101981
    02101983 02101984 02101985 02101986 02101987 02101988 02101989 03031986 03041986 03041991
    03082006 04041988 04041991 05051985 05051987 05051989 06061986 07071977 07071987 07091990
    08031985 08031986 08051990 08081988 08121986 09051945 0987654321q 0o9i8u7y 10011986 10011990
    10031988 10051987 10071987 10101986 10101990 10203040 1020304050 10293847 1029384756 11001001
    11051987 11051990 11061985 11081989 11111111 11112222 1111qqqq 11121986 111222333
    111222333444555 11223344 1122334455 112233445566 11235813 1123581321 12011987 12021988 12031985
    12031987 12051988 12121985 12121990 12131415 1213141516 122333444455555 12312312 1232323q
    123321123 12344321 1234509876 12345123 123454321 1234554321 123456123 123456654321 12345677
    12345678 1234567887654321 123456789 1234567890 12345678900987654321 1234567890987654321
    1234567890a 1234567890q 1234567890qwerty 1234567890z 1234567891 12345678910 12345678987654321
    1234567899 123456789987654321 123456789a 123456789d 123456789m 123456789o 123456789p 123456789q
    123456789qwe 123456789qwerty 123456789r 123456789s 123456789v 123456789z 12345678a 12345678q
    12345679 1234567a 1234567aa 1234567q 12345687 123456987 123456aa 123456as 123456qqq 123456qw
    123456qwe 123456qwerty 123456ru 12345abc 12345asd 12345qaz 12345qwe 12345qwer 12345qwert
    12345qwerty 12348765 12349876 1234abcd 1234asdf 1234kekc 1234qwer 1234qwerasdfzxcv 1234rewq
    1234zxcv 123581321 12365478 123654789 12369874 123698745 123789456 123qq123 123qwe123 123qweasd
    123qweasdzxc 123qwert 123qwerty 12qw12qw 12qw34er 12qwaszx 13021990 13031987 13041987 13041988
    13061986 13121985 13243546 134679852 1357908642 135792468 1357924680 135798642 14021985 14021986
    14061991 14111986 14725836 147258369 14785236 147852369 14789632 147896325 14881488 15011987
    15021985 15051981 15051990 15101986 15426378 159753456 16051987 16051989 16121987 17011987
    17051988 17061988 18011987 18061990 18091985 18121812 18436572 19061987 19101987 19283746
    192837465 19411945 1a2b3c4d 1a2s3d4f 1a2s3d4f5g 1michael 1million 1mustang 1passwor 1password
    1q2q3q4q 1q2w3e4r 1q2w3e4r5 1q2w3e4r5t 1q2w3e4r5t6y 1qa2ws3ed 1qa2ws3ed4rf5tg 1qaz2wsx
    1qaz2wsx3edc 1qaz2wsx3edc4rfv 1qazxsw2 1qazxsw23edc 1qazxsw23edcvfr4 1qazzaq1 1qw23er4 1x2zkg8w
    1z2x3c4v 1z2x3c4v5b 20031987 20051988 20061988 20091988 20091991 20111986 20spanks 21011989
    21031987 21031988 21031990 21051988 21051991 21101986 22011988 22021986 22021989 22031984
    22041987 22041988 22061941 22071986 22446688 23021986 23041987 23176djivanfros 23skidoo 24011985
    24061986 24111989 24681012 25031987 25041988 25081988 25091987 25121987 25800852 25802580
    26031988 26061987 27061988 27731828 28011987 28021990 28021992 28041987 29011985 29051989
    29071983 2wsx3edc 30031988 30041986 30051985 31011987 31415926 321654987 369258147 3edc4rfv
    3rjs1la7qe 420842084208555 44332211 45m2do5bs 4815162342 50spanks 55bgates 5wr2i7h8 66613666
    69camaro 73501505 74108520 74123698 741258963 741852963 7777777a 78945612 789456123 7894561230
    789632145 789654123 7ugd5hip2j 8j4ye3uz 911turbo 918273645 9293709b13 963258741 963852741
    987456321 987654321a 99762000 a1234567 a12345678 a123456789 a123456a a1a2a3a4 a1b2c3d4
    a1b2c3d4e5 a1s2d3f4 a1s2d3f4g5 aa123456 aaaa1111 aardvark abc12345 abc123456 abcd1234 abcdefg1
    abdullah aberdeen abnormal abracadabra abrakadabra absolute absolutely acapulco access access14
    access99 accord achilles acidburn action addicted adelaide adgjmptw adidas admin admin123
    administrator adrenalin adrian adrianna adrienne advanced adventure aerosmit agent007 airborne
    aircraft airforce airplane aksjdlasdakj89879 alabama alabama1 alaska albatros albert alcatraz
    alejandr alejandra alejandro aleksandr aleksandra alessand alessandro alex1234 alexande
    alexander alexander1 alexandr alexandra alexandre alexis alfarome alicia aligator alison
    alleycat alliance allison allison1 allnight allstate almighty alpha alpha123 alphabet alterego
    alyssa amanda amateurs amber ambrosia america america1 american amethyst amsterda amsterdam
    anaconda anakonda anastasi anastasia anastasiya andersen anderson andre andrea andrew andrey
    andromed andromeda andyod22 angel angel123 angel666 angela angelica angelika angelina angels
    anhyeuem animal animated annabell annmarie anonymous antelope anthony anthony1 anthony2 anthony7
    antonina antonio anything aolsucks apache apollo apollo11 apollo13 apple apple123 applepie
    apples aquarius arcangel archange archangel architec argentin argentina arizona arizona1
    arkansas armageddon armagedon armstron armstrong arnold arsenal arsenal1 arthur as123456 asdasd
    asdasd123 asdf1234 asdfasdf asdffdsa asdfg asdfg123 asdfgh asdfgh01 asdfghjk asdfghjkl asdfqwer
    asdfzxcv asdqwe123 ashleigh ashley aspirine assassin asshole asshole1 assholes asslover assman
    assmunch athletic atlanta1 atlantic atlantis atreides attitude attorney auckland august augustin
    augustus austin austin31 australi australia avalanch avalon avatar aviation awesome awesome1
    azerty azertyui azertyuiop azsxdcfv babemagn babemagnet baberuth babybear babyblue babycake
    babydoll babyface babygirl babylon5 babylove backbone backdoor badabing badass badboy badger
    bailey bajingan balloons ballsack baltimor bambam banana bandit baracuda barbados barbara
    barbara1 barcelon barcelona barefeet barefoot baritone barney barselona baseball baseball1
    basement basketba basketbal basketball bastard bastards batman batman12 baxter bcfields bearcats
    beatles beatles1 beatrice beautifu beautiful beauty beaver beavis beckham7 beefcake beethove
    bellagio bendover benedict benessere benjamin bergkamp berkeley berlin bernardo bernhard
    bertrand bettyboo bettyboop beverley bhrh0h2oof6xbqjeh bigballs bigblack bigblock bigboobs
    bigbooty bigboy bigbucks bigcock bigdaddy bigdick bigdick1 bigdicks bigdog bigmac bigman
    bigmoney bigpenis bigpoppa bigred bigtits bigtruck billabon billabong billy billybob billyboy
    binladen biohazard bionicle birdie birthday bisexual bishop bismarck bismilla bismillah bitch
    bitchass bitches biteme black blackberry blackbir blackbird blackcat blackdog blackhaw blackhawk
    blackice blackjac blackjack blacklab blackman blackops blackout blahblah blazer blessing
    blink182 blizzard blowfish blowjob blowme blue1234 blueball bluebell blueberr blueberry bluebird
    blueeyes bluefish bluejays bluemoon bluesman bluestar bobafett bobby bobdylan bobmarley bollocks
    bondage bonehead bonnie boobies booboo boobs booger boogie bookworm boomboom boomer borabora
    bordeaux borussia boston bowling bpgjldsgjldthnf bradford bradley bradley1 brandon brandon1
    brandy braveheart braves brazil brenda brewster brian brighton brigitte brisbane britney
    brittany brittney broadway bronco broncos broncos1 brooke brooklyn brother brothers browndog
    browning brucelee brutus bubba bubba123 bubbles bubbles1 buckaroo buckeyes buckshot buckwhea
    budapest buddha buddy buddy123 buddyboy buddydog budlight budweise budweiser buffalo buffalo1
    building bukowski bulldog bulldog1 bulldogs bullet bulletin bullfrog bullseye bullshit bunghole
    burton business buster buster12 butter buttercu buttercup butterfl butterfly buttfuck butthead
    butthole bynthytn cabernet cadillac caesar calendar caliente californ california caligula
    calimero callaway callisto calvin camaro camaross cambiami cambridg cameltoe cameron cameron1
    campbell canada canadian candy candyass candyman cannabis cannibal cantona7 capetown capitals
    capoeira capricor capricorn capslock captain captain1 cardinal cardinals care1839 carebear
    carlisle carlitos carlos carmen carnival carolina caroline carpedie carpediem carpente carrie
    carter cartman cartman1 cartoons casablanca casanova cashflow cashmone cashmoney casper cassandr
    cassandra cassie castillo catalina catfight catherin catherine catwoman cavalier cbr900rr
    cdtnkfyf celebrity celtic cerberus cfitymrf chadwick chainsaw chairman challeng chambers
    champion chance chandler changeme chargers charisma charlene charles charles1 charlie charlie1
    charlie2 charlott charlotte charlton checkers checkmat cheerleaers cheese chelsea chelsea1
    chemical cherokee cherries cherry cheshire chester chester1 chestnut chevelle chevrole chevrolet
    chevy chevys10 chewbacc cheyenne chicago chicago1 chicken chicken1 chickens chickenwing101
    children chipmunk chiquita chocolat chocolate choochoo chopper chopper1 chris chris123 chrisbln
    christ christel christia christian christie christin christina christine christma christmas
    christop christophe christopher chronic chrysler chuckles churchil cinnamon citation civilwar
    cjkysirj claire clarence clarinet clarissa classic classics claudia claudia1 claymore clemente
    cleopatr cleopatra clevelan cleveland clifford climbing clinton clippers clitoris close-up
    clueless cnfybckfd cobra cobra427 cocacola cocksuck cocksucker coffee coldbeer coldplay college
    colombia colonial colorado coltrane columbia columbus comanche comicbookdb commande commander
    commando compaq complete computer computer1 concorde concrete confused connie connor conquest
    constant consumer continue contortionist contract converse cookie cooldude coolhand coolness
    cooper copenhag copper corleone cornelia cornhole cornwall corvet07 corvette costanza costello
    cosworth cougar courtney coventry cowboy cowboys cowboys1 cowboyup crackers crawford crazy
    crazybab crazyman creampie creation creative creature creepers crescent cricket cricket1
    criminal cristian cristina crjhgbjy cromwell crusader crystal crystal1 cucumber culinary cumshot
    customer cutiepie cybersex cyclones cygnusx1 daddy daedalus dagobert daisydog dakota dallas
    dallas22 dancer danger dangerous daniel daniel12 daniella danielle dannyboy daredevi daredevil
    darkange darkangel darklord darkness darkside darkstar darthvad daughter david david123 davidson
    daydream daylight dbrnjhbz deadhead deadpool deadspin death death666 deathnote debbie december
    deepthroat deerhunt deeznuts deeznutz defender deftones delaware delphine delpiero demon666
    denise dennis denver derparol designer destiny destiny1 destroyer detroit detroit1 devil666
    devildog devilman devils dexter dfcbkbcf dfktynby dfktynbyf diablo diamante diamond diamond1
    diamonds dickhead diesel dietcoke digger digital digital1 dilbert1 dilligaf dima1995 dingdong
    dinosaur diplomat dipstick director dirtbike dirtydog disabled disaster discover discovery
    disney disturbed dkflbckfd dkflbvbh doberman doctor dodgeram dodgers dodgers1 doggie doghouse
    dogpound dolemite dolphin dolphin1 dolphins domenico dominick dominika dominion dominiqu
    dominique domino donald donkey dontknow doomsday dortmund doughboy doughnut douglas douglas1
    downhill download downtown dragon dragon01 dragon12 dragon123 dragon69 dragonba dragonball
    dragonballz dragonfl dragonfly dragster dreamcas dreamcast dreamer dreamer1 dreaming dreams
    driver dropkick drowssap drpepper drummer drummer1 dthjybrf dtkjcbgtl dtxyjcnm ducati duncan
    duracell dutchess dutchman dynamite eagle eagles earnhard earthlin earthlink eastside eastwood
    eatmenow eatpussy eclipse eclipse1 edmonton edward eggplant eighteen einstein ejaculation
    ekaterina elcamino eldiablo eldorado electric electron elements eleonora elephant elevator
    elisabet elizabet elizabeth elizaveta elvis embalmer eminem emmanuel empire enforcer engineer
    england england1 enigma enter enter123 enternow enterpri enterprise entrance envelope erection
    ericsson escalade escorpio espresso estrella eternity eugene euphoria evanescence evangeli
    evangelion everlast everton evolutio evolution excalibu excalibur exchange experience
    experienced explorer extreme f00tball fabulous facebook fairlane faithful falcon family fandango
    fantasia fantasies fantasti fantasy fantasy1 fantomas farscape fastball favorite favorite2
    favorite6 fearless feathers february federico feelgood fellatio fender ferguson fernanda
    fernande fernando ferrari ferrari1 festival fgtkmcby fhvfutljy fidelity fighting finalfantasy
    fireball firebird fireblad fireblade firefigh firehawk fireman fireman1 firestorm firewall
    fishbone fishcake fisher fisherma fisherman fishface fishhead fishing fishing1 fishtank fivestar
    fkbyjxrf fktrcfylh fktrcfylhf flamengo flamingo flanders flash flashman flathead fletcher
    flexible flipflop flipper1 florence florida florida1 flounder flower flowers fluffy
    flvbybcnhfnjh flyers flyers88 football football1 fordf150 fordf350 fordtruc foreplay foreskin
    forest forester forever forever1 forgetit formula1 forsaken forsberg fortress fountain foxylady
    france francesc francesco francine francis francisc francisco francois frank frankie frankie1
    franklin freckles freddie freddy frederic frederick frederik fredrick freebird freedom freedom1
    freedom2 freefall freepass freeporn freestyle freeuser freewill frenchie friday friday13 friend
    friendly friends friends1 friendster froggy front242 frontier fruitbat fuck_inside fucker
    fuckface fuckhead fucking fuckinside fuckme fuckme69 fuckoff fuckoff1 fuckthis fuckyou fuckyou1
    fuckyou2 fujifilm fullback fullmoon function funstuff funtimes fussball futurama future futyn007
    fuzzball fyfcnfcbz fyfnjkbq fylhtq fyutkbyf fyutkjxtr gabriel gabriel1 gabriela gabriele
    gabriell gabrielle galina gallaries galore gamecock gamecube gameover gandalf gandalf1 gangbang
    gangbanged gangster gannibal garcia garfield gargoyle garrison gateway gateway1 gateway2
    gatorade gators gbhfvblf gemini general general1 generals genesis genesis1 genius geoffrey
    george georgia georgia1 georgina geronimo gertrude gesperrt getmoney gfgfvfvf gfhjkm gfhjkm12
    gfhjkm123 gfhjkmgfhjkm ghbdtn ghbdtn123 ghbdtnbr ghbdtndctv ghbdtnrfrltkf ghblehjr ghbywtccf
    ghhh47hj7649 ghjcnbnenrf ghjcnjgfhjkm ghjcnjnfr ghjuhfvvf ghostrider gianluca giants gibson
    gigabyte gilligan ginger giovanna giovanni girls giuseppe gizmodo1 gladiato gladiator glendale
    gn56gn56 goblue godbless godfathe godfather godsmack godspeed godzilla gogators goldberg golden
    goldeney goldeneye goldfing goldfish goldstar goldwing golfball golfer gonzales gonzalez goober
    good123654 goodgirl goodluck goodtime goodyear goofball google gordon gordon24 gorgeous gotohell
    gracie graduate graphics grateful graywolf greatest greatone greedisgood green green123 greenbay
    greenday greenman greentea gregory gregory1 gretchen greywolf griffith groupd2013 gsxr1000
    gtnhjdbx guardian guillaum guillerm guinness guitar gundam gunner hairball halflife hallo123
    hallowee halloween hamilton hammer handball handsome handyman hannah hannibal happines happiness
    happy happy123 happyday happyman hardball hardcock hardcore harddick hardon hardrock hardware
    hardwood harley harrison harrypotter hartford harvey hastings hattrick hawaii hawaii50 hawaiian
    hawkeyes hawthorn hayabusa hd764nw5d7e1vb1 hd764nw5d7e1vbv headache heather heather1 heaven
    heavenly hedgehog heineken heinrich hellfire hello hello123 hellohel hellokitty hellsing
    hellyeah helpme helsinki hendrix hentai hercules herewego heritage hetfield highbury highheel
    highland highlander highlife hillbill hillside hiphop hitman hobbes hockey holiday holidays
    hollywoo hollywood holyshit homebrew homemade homepage homer homework honda hondacbr honduras
    honey honeybee honeybun hongkong honolulu hooligan hoosiers hooters hooters1 hopeless horney
    horny horse horseman horsemen horses hospital hotdog hotgirls hotpussy hotrod hotstuff hounddog
    house housewifes houston houston1 howard htubcnhfwbz hugetits hugoboss hummer humphrey hunter
    hunter12 hurrican hurricane huskers1 hydrogen hyperion ibilltes icecream icehouse iceman
    idontkno idontknow ihateyou ilikepie illinois illmatic illusion ilovegod ilovepussy ilovesex
    iloveyou iloveyou1 iloveyou2 ilya1234 immortal imperial implants imtheman india123 indian
    infamous infantry infected infiniti infinity information innocent insanity insecure insomnia
    inspiron instinct integral interacial intercourse interest internal internet intrepid intruder
    inuyasha ireland ireland1 irishman ironmaiden ironman isabella isabelle islander istanbul
    istheman italiano iverson3 iwantu j3qq4h7h2v jackass jackass1 jackie jackson jackson1 jackson5
    jaguar james james007 james123 jamesbon jamesbond japanees japanese jasmine jasmine1 jason
    jasper jayhawks jeanette jediknig jeepster jefferso jefferson jeffrey jeffrey1 jellybea
    jellybean jennifer jennifer1 jennings jenny jeremiah jeremy jermaine jessica jessica1 jessica2
    jessie jester jesus jesus123 jesus777 jiggaman jimmy johannes johncena johndeer johngalt johnny
    johnson johnson1 johnston jonathan jonathon jones jordan jordan23 joseph josephin josephine
    joshua joystick juliette junior junkmail jupiter jupiter1 jupiter2 jurassic just4fun justdoit
    justice justice1 justin justinbieber juventus kakashka kamasutra kamikadze kamikaze kangaroo
    karina karolina katana katarina katerina katherin katherine kathleen kawasaki kayleigh kazantip
    kcchiefs kcj9wx5n kelly kenneth kenneth1 kennwort kentucky kenworth kermit kevin kevin123
    keyboard keystone kfcnjxrf kickflip kicksass kikimora killbill killer killer12 killer123
    kimberly kingfish kingkong kingston kirill kirkland kissmyas kissmyass kitten kitty kittycat
    kittykat kjrjvjnbd klaster kleopatra klondike knickerless knickers knight knockers knuckles
    kodiak komputer konstantin kordell1 koroleva kramer krasotka kristen kristen1 kristian kristin1
    kristina kristine krokodil labrador lacrimosa lacrosse laetitia lakers lakeside lakewood
    lalakers lambchop lamborghini lancelot landmark landrove lapochka laserjet lasvegas laughing
    lauren laurence lavalamp lawrence leather leavemealone lebowski leedsutd left4dead legend
    lemonade lenochka leonardo leonidas lesbians leslie letmein letmein1 letmein2 letmeinn letmesee
    letsdoit letsfuck lfitymrf lhbjkjubz2957704 libertad liberty liberty1 lickme lifehack lifetime
    lighthou lighthouse lighting lightnin lightning lilwayne limewire lincoln lincoln1 lineage2
    lingerie lionhear lionheart lionking lipstick little livelife liverpoo liverpool liverpool1
    livewire lizard ljxtymrf lockdown lockerroom logitech lokomotiv lol12345 lollipop lollypop
    london lonesome lonestar lonewolf longdong longhair longhorn longjohn longshot lorraine
    losangeles louise love1234 lovehate loveless lovelife lovely loveme lover loverboy loverman
    lovers loveyou lowrider lucky lucky123 luckydog luckyone ludacris lunchbox lytdybrbdfvgbhf
    macaroni macdaddy macgyver macintos madagaskar madala11 maddog madeline madison madison1 madmax
    madonna madonna1 magazine magdalena magellan maggie magic magic123 magician magicman magnolia
    magnum mailcreated5240 mainland majestic makaveli makeitso maksim maksimka malaysia mallorca
    mallrats mamacita mamapapa mamochka manager1 manchest manchester mandarin mandingo mandrake
    manhatta mannheim manunited manutd maradona marajade marathon marauder marcella marcello
    marcius2 marcus margaret margarit margarita maria marianna marianne marijuan marijuana marina
    marine mariners marines marines1 marino13 mariposa marishka marjorie marlboro marley marriage
    marseill marseille marshall martin martinez marvin maryjane maryland masamune maserati mash4077
    master master12 masterbate masterbating mastermind masturbation matchbox matrix matthew matthew1
    matthews matthias maurizio maverick maximilian maximus maximus1 maxpower maxwell maxwell1
    mazafaka mazda323 mazda626 mazdarx7 mcdonald mckenzie meatball meathead meatloaf mechanic
    medicine megadeth megapass megatron melanie melanie1 melissa melissa1 member meowmeow mephisto
    mercedes merchant mercury mercury1 meredith meridian merlin mersedes messenger metallic
    metallica metallica1 mexico michael michael1 michael2 michaela michaels michele michele1
    michelle michelle1 michigan mickey microlab microphone microsof microsoft midnight mike1234
    milamber military milkyway millenium miller millions millwall minecraft minimoni ministry
    minnesot minnesota miranda mischief misfit99 mississi mississippi missouri mistress mitchell
    mnbvcxz mobydick modelsne mohammad mohammed mojojojo molly molly123 mollydog momsanaladventure
    monalisa monday money money123 moneyman mongoose monica monkey monkey12 monkey69 monkeybo
    monkeyboy monolith monopoly monster monster1 monsters montana montana1 montecar monterey
    montgom240 montreal montrose mookie moonbeam moonligh moonlight moonshin morgan morozova
    morpheus morris morrison morrowind mortgage morticia mortimer motdepasse mother motherfu
    motherfucker motherlode motocros motocross motorola mountain mozart mudvayne muffin muhammad
    mulligan multiplelo munchkin murphy mushroom music musician musicman mustang mustang1 mustang2
    mustang5 mustang6 mustangs myfriend mynameis mypasswo mypassword myspace1 myxworld nancy123
    napoleon naruto nascar nascar24 nastenka nastya natali natalie natalie1 natascha natasha
    natasha1 natedogg nathalie nathan nathanie nathaniel national naughty naughty1 nautilus
    navigator navyseal ncc1701a ncc1701d ncc1701e ncc74656 ne_e_pod_chehyl nebraska needforspeed
    negative nelson nemesis nemrac58 nemvxyheqdd5oqxyxyzi netscape nevermin nevermind nevermore
    newcastl newcastle neworder newpass6 newport newproject2004 newstart newyork newyork1 nicetits
    nicholas nick1234-rem936 nicole nigger nightmar nightmare nightowl nightwin nightwish nikita
    nineball nineinch nineteen nintendo nirvana nirvana1 nissan nocturne nokia123 nokia5130
    nokia5530 nokia5800 nokia6233 nokia6300 nokian73 noname123 nopassword norman normandy northern
    nosferatu nostromo notebook nothing nothing1 notredam nounours november nthvbyfnjh ntktdbpjh
    nuttertools nwo4life nygiants oblivion obsidian october offshore offspring oklahoma oksana
    oliver olivia online opendoor operator optimist orange original oscar outlaw outsider overkill
    overlord p0015123 p0o9i8u7 p4ssw0rd p@ssw0rd pa55w0rd pa55word packers packers1 paintbal
    paintball painting pakistan paladin1 pallmall palmtree pamela panasoni panasonic pancakes
    pandora panorama pantera pantera1 panther panther1 panthers panties pantyhos panzer papabear
    papamama paperino papillon paradigm paradise paramedi paramore paranoid parker parlament
    pasadena pass1234 passcode passion passmast passport passw0rd passwor1 password password01
    password1 password11 password12 password123 password2 password9 password99 passwordassword
    passwords passwordstandard passwort patches patches1 pathetic pathfind patience patricia patrick
    patrick1 patriots pavement pavilion peaches peaches1 peanut pearljam peekaboo penelope
    penetration penguin penguin1 penguins penis pennywis pentagon penthous people pepper perfect
    perfect1 personal pertinant peter peterbil peterpan peterson petrovich phantom phantom1 pharmacy
    phialpha philippe phillies phillips phoenix phoenix1 phpbb pianoman picard pickle pictuers
    pictures piercing pimpdadd pimpdaddy pimpin pineappl pineapple pinetree pingpong pinkfloy
    pinkfloyd pinnacle pipeline pippen33 piramida pirate pitchers pizzahut pizzaman plastics
    platinum platypus playball playboy playboy1 playboy2 player playmate playstat playstation
    playtime please pleasure plumbing plymouth poiuytrewq pokemon pokemon1 police polina
    polniypizdec0211 polniypizdec1102 polniypizdec110211 pontiac poohbear pookie pool6123 poontang
    poophead poopoo popcorn popcorn1 porkchop pornking porno pornographic pornstar porsche porsche1
    porsche9 porsche911 portland portugal poseidon positive pounding power power123 powerful
    powerman preacher precious predator pregnant prelude1 presario presiden president pressure
    prestige pretty prince princesa princess princess1 princeto pringles printing private private1
    priyanka producer progress property prophecy prospect protocol prototype prudence psycho
    pufunga7782 pumpkin pumpkin1 pumpkins punisher punkrock puppydog purple pussy pussy123 pussy4me
    pussycat pussylover pussyman pyramid q1234567 q123456789 q1q2q3q4 q1q2q3q4q5 q1w2e3r4 q1w2e3r4t5
    q1w2e3r4t5y6 q1w2e3r4t5y6u7i8 q1w2e3r4t5y6u7i8o9p0 q2w3e4r5 qawsedrf qawsedrftg qaz123wsx qazwsx
    qazwsx12 qazwsx123 qazwsxed qazwsxedc qazwsxedc1 qazwsxedc123 qazwsxedcrfv qazwsxedcrfvtgb
    qazxsw qazxsw123 qazxswedc qq123456 quant4307s question qw123456 qwaszx qwe123qwe qweasd
    qweasd123 qweasdzx qweasdzxc qweasdzxc123 qwedsazxc qweqwe qwer1234 qwerasdf qwerasdfzxcv qwert
    qwert123 qwert12345 qwertasdfgzxcvb qwerty qwerty11 qwerty12 qwerty123 qwerty1234 qwerty12345
    qwerty123456 qwerty123456789 qwerty13 qwertyu qwertyui qwertyuio qwertyuiop qwertyuiop12345
    r2d2c3po rabbit rachel rachelle racing radiohea radiohead ragnarok raider raiders raiders1
    railroad rainbow rainbow1 rainbow6 rainbows rainyday raistlin rammstei rammstein randolph ranger
    rangers rangers1 raptor rascal rasputin rastaman raymond raymond1 rdfhnbhf realmadrid rebecca
    rebecca1 reckless recovery redalert redbaron reddevil reddog reddwarf redhead redheads redlight
    redrum redskins redsox redstorm redwings reggie reginald regional register reindeer reloaded
    remember remingto renegade republic research resident revoluti revolution revolver reynolds
    rfgbnjirf rfhfvtkmrf rfhfylfi rfhlbyfk rfhnjirf rfnthbyf rfntymrf rfvfcenhf rhbcnbyf rhfcfdbwf
    rhfcjnrf rhiannon rhjrjlbk rhtdtlrj riccardo richard richard1 richards richmond riffraff
    rightnow riverrat riversid riverside rjhjktdf rjirfrgbde rjycnfynby roadkill roadking roadrunn
    roadrunner roadster robbie robert robinson robotech robotics rochelle rocket rockford rockhard
    rocknrol rocknroll rockstar rockwell rocky rocky123 rodrigue roland rolltide romantic romashka
    ronald ronaldinho ronaldo rooster roosters rootbeer rosebud rosebud1 rosemary rosewood rulez
    runescape runner rush2112 rushmore ruslan russell russia rustydog sabrina sabrina1 sailboat
    saints salamander salasana salesman salvador salvator salvatore samantha sammy sammy123 samson
    samsung samsung1 samuel sandberg sandiego sandman sandman1 sandra sandrine sandwich santiago
    sapphire sarah sarajevo saratoga sasha sasha123 sasha_007 satan666 satellite saturday saturn
    sausages savage savannah saxophon scarface scarlett scheisse school schubert scirocco scissors
    scooby scoobydo scoobydoo scooter scooter1 scorpio scorpio1 scorpion scorpions scotland scott
    scotty scrabble scrapper screamer screwyou seahawks sealteam sebastia sebastian secret security
    seductive segblue2 seinfeld seminole semperfi senators sentinel sephirot sephiroth septembe
    september serega serenity sergbest sergeant sergey sersolution service service1 services
    sevenof9 sexsex sexybabe sexybitch sexygirl sexylady sexymama sfgiants shadow shadow12 shaggy
    shamrock shaney14 shanghai shannon shannon1 sharon sheepdog shelby shepherd sheridan sherlock
    sherwood shinigami shitface shithead shopping shorty showtime shredder sickness sidekick sierra
    sigmachi silver silverad silverado simon simone simple simpson simpsons sinclair singapor
    singapore sinister sithlord sk8ordie skateboard skeeter1 skeleton skinhead skipper skipper1
    skippy skittles skorpion skydiver skyline skywalke skywalker slamdunk slapnuts slapshot slayer
    sleeping slimshad slimshady slipknot slippery slowhand smackdow smackdown smartass smashing
    smeghead smirnoff smirnova smith smithers smoke420 smokey smooth smoothie snapshot sneakers
    snickers sniffing sniper snoopdog snoopy snowball snowbird snowboar snowboard snowflak snowman
    snuggles soccer soccer10 soccer11 soccer12 socrates softball softtail software sojdlg123aljg
    sokolova solitude solution somebody somerset somethin something sometime sonyericsson sonyfuck
    sooners1 sophie sopranos soso123aljg soulmate southern southpar southpark southpaw spaceman
    spanking spanky sparhawk sparkles sparky spartan1 spartans speakers special1 specialk spectrum
    speedway speedy spencer spencer1 spider spiderma spiderman spiderman1 spirit spitfire splendid
    splinter spongebo spongebob spooky sporting sports spring springer sprinter sprocket squerting
    squirrel srinivas stafford stalker stallion standard stanford stanislav stanley stanley1
    starbuck starbucks starcraf starcraft stardust starfire starfish stargate starligh starlight
    starlite starship start123 startrek starwars starwars1 steelers stefanie stella stephane
    stephani stephanie stephen stephen1 stephens sterling steve steven stewart1 stickman stigmata
    stiletto stinger1 stingray stinky stirling stocking stockton stonecol stonecold stonewal
    stoppedby straight stranger stratfor strawber strawberry streaming strength strike stripper
    stupid sublime sublime1 suburban success success1 suckcock suckdick sucker suckit suckme
    suckmydick sullivan summer summer69 summer99 sundance sundevil sunflowe sunflower sunlight
    sunnyday sunset sunshine sunshine1 super super123 superbow superfly superior superman superman1
    supernov supernova supersonic supersta superstar surfer surprise surveyor survival survivor
    suzuki svetlana sweet sweetheart sweetnes sweetness sweetpea swimming swingers swinging swordfis
    swordfish sydney sylveste syncmaster syracuse system tacobell taekwondo tailgate talisman
    tamerlan tampabay tangerin tarheels taurus taylor tazmania technics teddybea teddybear teens
    telephon telephone temppass tennesse tennis teresa terminal terminat terminator terrapin
    test1234 tester testing testing1 testpass thailand thanatos thankyou thebeast thedoors theforce
    thegreat theman theodore therock therock1 thetruth thinking thirteen thisisit thomas thompson
    thrasher threesom thuglife thumbnils thumper thumper1 thunder thunder1 thunderb thursday
    tiberian tiberius tickling ticklish ticktock tiffany tiffany1 tiger tiger123 tigercat tigers
    tigger timothy timothy1 timoxa94 tinker tinkerbe tinkerbell titanic titanium titleist tkbpfdtnf
    together tokiohotel tomahawk tomcat tommy tommyboy tomorrow toonarmy topgun topolino topsecret
    toriamos tortoise tottenha tottenham touching toulouse toyota training transexual transfer
    translator traveler travis treasure treefrog trevor trfnthbyf triangle trinidad trinitro
    trinitron trinity trinity1 trombone trooper1 tropical trouble trouble1 troubles trousers
    trucking trueblue truelove truffles trumpet1 trustno1 tucker tunafish turkey turkey50 turtle
    tweety twilight ultimate umbrella unbelievable underdog underground undertak undertaker undertow
    underwear united universa universal universe university ursitesux username usmarine usuckballz1
    vacation vagabond vagina valencia valentin valentina valentine valeriya valhalla valkyrie
    valleywa vampire vampire1 vampires vancouve vancouver vanessa vanessa1 vanguard vanhalen
    vasilisa vauxhall vegeta velocity vendetta verbatim veronica veronika vfhbyf vfhbyjxrf vfhnsirf
    vfhufhbnf vfitymrf vflfufcrfh vfntvfnbrf vfpfafrf vfrcbv vfrcbvrf vfvfgfgf victor victoria
    victory victory1 viewsoni viewsonic viking vikings vikings1 viktoria viktoriya vincent vincent1
    vincenzo violator violetta viper vipergts virginia virginie vision vivitron vjqgfhjkm vkontakte
    vladimir vladislav vodafone volkswag volleyba volleyball voodoo voyager voyager1 vqsablpzla
    vsjasnel12 wachtwoord walker wallace walter wanderer wanker warcraft warcraft3 wareagle warhamme
    warhammer warrior warrior1 warriors washburn washingt washington water waterboy waterfal
    waterloo waterman waterski wdtnjxtr weare138 webhompas webmaste webmaster websol76 websolutions
    wednesda wednesday welcome welcome1 welcome2 wellingt werewolf westside westwood wetpussy
    wg8e3wjf whatever whiplash whiskers whistler white whiteboy whiteout whitesox whocares whoknows
    whynot wildbill wildcard wildcat wildcats wildfire wildlife wildwood william william1 williams
    willie willow wilson windmill windows windows1 windsurf winfield wingzero winner winston
    winston1 winter winter99 wireless wishbone wizard wolfgang wolfpack wolverin wolverine wolves
    wombat wonderboy wonderfu wonderful woodland woodstoc woodstock woodwork woofwoof wordpass
    wp2003wp wrangler wrestler wrestlin wrestling wrinkle1 wrinkles xavier yamaha yamahar1 yankee
    yankees yankees1 yankees2 yaroslav yeahbaby yellow yfcntymrf yfnfif yfnfitymrf yjdsqgfhjkm
    yogibear yosemite ytrewq z1x2c3v4 z1x2c3v4b5 zachary zachary1 zanzibar zaq12345 zaq12wsx
    zaq1xsw2 zaqwsxcde zaqxswcde zeppelin zerocool zildjian zimbabwe zombie zqjphsyf6ctifgu zxasqw12
    zxcasdqwe zxcasdqwe123 zxcv1234 zxcvasdf zxcvb123 zxcvbn zxcvbnm zxcvbnm1 zxcvbnm123
    zxcvbnm123456789
    """#
}
